from __future__ import annotations

from rakuten_bench.registry import MODEL, Effort, Integer, Real
from rakuten_bench.types import Classifier


@MODEL.option(
    "lightgbm",
    digit="j",
    needs="lightgbm",
    extra="lightgbm",
    effort=Effort(120.0, instead="reducer svd or fewer max_features before it"),
    space={
        "learning_rate": Real(0.02, 0.3, log=True),
        "num_leaves": Integer(15, 127, log=True),
        "min_child_samples": Integer(5, 50, log=True),
        "colsample_bytree": Real(0.2, 1.0),
    },
)
def lightgbm(
    n_estimators: int = 100,
    learning_rate: float = 0.1,
    num_leaves: int = 31,
    min_child_samples: int = 20,
    colsample_bytree: float = 1.0,
    *,
    random_state: int,
    n_jobs: int = 1,
) -> Classifier:
    """Gradient boosted trees (LightGBM)."""
    from lightgbm import LGBMClassifier

    from rakuten_bench.estimator.contiguous import Contiguous

    model = LGBMClassifier(
        n_estimators=n_estimators,
        learning_rate=learning_rate,
        num_leaves=num_leaves,
        min_child_samples=min_child_samples,
        colsample_bytree=colsample_bytree,
        random_state=random_state,
        n_jobs=n_jobs,
        deterministic=True,
        force_row_wise=True,
        verbose=-1,
    )
    return Contiguous(model)
