from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Effort, Integer
from rakuten_bench.types import Classifier


@MODEL.option(
    "decision_tree",
    digit="9",
    needs="scikit-learn",
    effort=Effort(12.0, 1.5, "max_depth"),
    space={
        "max_depth": Choices((None, 50, 100, 200)),
        "min_samples_leaf": Integer(1, 20, log=True),
        "criterion": Choices(("gini", "entropy")),
    },
)
def decision_tree(
    max_depth: int | None = None,
    min_samples_leaf: int = 1,
    criterion: Literal["gini", "entropy"] = "gini",
    class_weight: Literal["balanced"] | None = None,
    *,
    random_state: int,
) -> Classifier:
    """Single decision tree."""
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        criterion=criterion,
        class_weight=class_weight,
        random_state=random_state,
    )
