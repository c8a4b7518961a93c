"""Base models of bagging and boosting."""

from __future__ import annotations

from typing import Any, Literal

Base = Literal["linear_svc", "sgd", "logreg", "decision_tree", "stump"]


def base_model(base: Base, random_state: int) -> Any:
    """Return the named model, unfitted, with scikit-learn's defaults."""
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.svm import LinearSVC
    from sklearn.tree import DecisionTreeClassifier

    models: dict[str, Any] = {
        "linear_svc": lambda: LinearSVC(random_state=random_state),
        "sgd": lambda: SGDClassifier(random_state=random_state),
        "logreg": lambda: LogisticRegression(max_iter=1000),
        "decision_tree": lambda: DecisionTreeClassifier(random_state=random_state),
        "stump": lambda: DecisionTreeClassifier(max_depth=1, random_state=random_state),
    }
    return models[base]()
