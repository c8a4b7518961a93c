from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Effort, Integer, Real
from rakuten_bench.types import Classifier


@MODEL.option(
    "adaboost",
    digit="c",
    needs="scikit-learn",
    effort=Effort(75.0, instead="fewer n_estimators, or bagging"),
    space={
        "learning_rate": Real(0.05, 2.0, log=True),
        "n_estimators": Integer(10, 100),
    },
)
def adaboost(
    base: Literal[
        "linear_svc", "sgd", "logreg", "decision_tree", "stump"
    ] = "linear_svc",
    n_estimators: int = 50,
    learning_rate: float = 1.0,
    *,
    random_state: int,
) -> Classifier:
    """AdaBoost (SAMME, Hastie et al. 2009) over a chosen base model."""
    from sklearn.ensemble import AdaBoostClassifier

    from rakuten_bench.estimator.member import base_model

    return AdaBoostClassifier(
        base_model(base, random_state),
        n_estimators=n_estimators,
        learning_rate=learning_rate,
        random_state=random_state,
    )
