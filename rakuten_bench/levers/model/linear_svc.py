from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Real
from rakuten_bench.types import Classifier


@MODEL.option(
    "linear_svc",
    digit="2",
    needs="scikit-learn",
    space={
        "C": Real(0.02, 20.0, log=True),
        "class_weight": Choices((None, "balanced")),
    },
)
def linear_svc(
    C: float = 1.0,
    class_weight: Literal["balanced"] | None = None,
    loss: Literal["hinge", "squared_hinge"] = "squared_hinge",
    max_iter: int = 10_000,
    tol: float = 1e-4,
    calibrate: Literal["sigmoid", "isotonic"] | None = None,
    *,
    random_state: int,
) -> Classifier:
    """Linear support vector machine, one-vs-rest (liblinear)."""
    from sklearn.svm import LinearSVC

    from rakuten_bench.estimator.calibration import calibrated

    model = LinearSVC(
        C=C,
        class_weight=class_weight,
        loss=loss,
        max_iter=max_iter,
        tol=tol,
        random_state=random_state,
    )
    return calibrated(model, calibrate)
