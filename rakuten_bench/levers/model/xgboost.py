from __future__ import annotations

from rakuten_bench.registry import MODEL, Effort, Integer, Real
from rakuten_bench.types import Classifier


@MODEL.option(
    "xgboost",
    digit="b",
    needs="xgboost-cpu|xgboost",
    effort=Effort(
        500.0, instead="reducer svd or fewer max_features before it; lightgbm"
    ),
    space={
        "learning_rate": Real(0.03, 0.5, log=True),
        "max_depth": Integer(3, 10),
        "min_child_weight": Real(0.5, 10.0, log=True),
        "colsample_bytree": Real(0.2, 1.0),
    },
)
def xgboost(
    n_estimators: int = 100,
    learning_rate: float = 0.3,
    max_depth: int = 6,
    min_child_weight: float = 1.0,
    subsample: float = 1.0,
    colsample_bytree: float = 1.0,
    max_bin: int = 256,
    *,
    random_state: int,
    n_jobs: int = 1,
    device: str = "cpu",
) -> Classifier:
    """Gradient boosted trees (XGBoost, histogram method)."""
    from xgboost import XGBClassifier

    from rakuten_bench.estimator.contiguous import Contiguous

    model = XGBClassifier(
        n_estimators=n_estimators,
        learning_rate=learning_rate,
        max_depth=max_depth,
        min_child_weight=min_child_weight,
        subsample=subsample,
        colsample_bytree=colsample_bytree,
        max_bin=max_bin,
        tree_method="hist",
        random_state=random_state,
        n_jobs=n_jobs,
        device=device,
    )
    return Contiguous(model)
