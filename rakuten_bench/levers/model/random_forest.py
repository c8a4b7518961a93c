from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Effort, Integer
from rakuten_bench.types import Classifier


@MODEL.option(
    "random_forest",
    digit="a",
    needs="scikit-learn",
    effort=Effort(80.0, 1.3, "extra_trees with max_depth, or linear_svc"),
    space={
        "max_features": Choices(("sqrt", "log2")),
        "min_samples_leaf": Integer(1, 10, log=True),
        "max_depth": Choices((None, 50, 100)),
    },
)
def random_forest(
    n_estimators: int = 100,
    max_depth: int | None = None,
    min_samples_leaf: int = 1,
    max_features: Literal["sqrt", "log2"] | float = "sqrt",
    class_weight: Literal["balanced", "balanced_subsample"] | None = None,
    *,
    random_state: int,
    n_jobs: int = 1,
) -> Classifier:
    """Random forest (Breiman 2001)."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        n_estimators=n_estimators,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        class_weight=class_weight,
        random_state=random_state,
        n_jobs=n_jobs,
    )
