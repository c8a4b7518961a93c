from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Effort, Integer
from rakuten_bench.types import Classifier


@MODEL.option(
    "extra_trees",
    digit="g",
    needs="scikit-learn",
    effort=Effort(100.0, 1.3, "max_depth, or linear_svc"),
    space={
        "max_features": Choices(("sqrt", "log2")),
        "min_samples_leaf": Integer(1, 10, log=True),
        "max_depth": Choices((None, 50, 100)),
    },
)
def extra_trees(
    n_estimators: int = 100,
    max_depth: int | None = None,
    min_samples_leaf: int = 1,
    max_features: Literal["sqrt", "log2"] | float = "sqrt",
    class_weight: Literal["balanced", "balanced_subsample"] | None = None,
    *,
    random_state: int,
    n_jobs: int = 1,
) -> Classifier:
    """Extremely randomized trees (Geurts et al. 2006)."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(
        n_estimators=n_estimators,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        class_weight=class_weight,
        random_state=random_state,
        n_jobs=n_jobs,
    )
