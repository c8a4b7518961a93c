from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Real
from rakuten_bench.types import Classifier


@MODEL.option(
    "ridge",
    digit="7",
    needs="scikit-learn",
    space={
        "alpha": Real(0.01, 10.0, log=True),
        "class_weight": Choices((None, "balanced")),
    },
)
def ridge(
    alpha: float = 1.0,
    class_weight: Literal["balanced"] | None = None,
    tol: float = 1e-4,
    calibrate: Literal["sigmoid", "isotonic"] | None = None,
    *,
    random_state: int,
) -> Classifier:
    """Ridge regression on one-hot encoded classes."""
    from sklearn.linear_model import RidgeClassifier

    from rakuten_bench.estimator.calibration import calibrated

    model = RidgeClassifier(
        alpha=alpha, class_weight=class_weight, tol=tol, random_state=random_state
    )
    return calibrated(model, calibrate)
