from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Real
from rakuten_bench.types import Classifier


@MODEL.option(
    "passive_aggressive",
    digit="h",
    needs="scikit-learn",
    space={"C": Real(1e-3, 10.0, log=True)},
)
def passive_aggressive(
    C: float = 1.0,
    max_iter: int = 1000,
    class_weight: Literal["balanced"] | None = None,
    calibrate: Literal["sigmoid", "isotonic"] | None = None,
    *,
    random_state: int,
    n_jobs: int = 1,
) -> Classifier:
    """Passive-aggressive linear model, PA-I (Crammer et al. 2006)."""
    from sklearn.linear_model import SGDClassifier

    from rakuten_bench.estimator.calibration import calibrated

    # scikit-learn's documented replacement of PassiveAggressiveClassifier
    model = SGDClassifier(
        loss="hinge",
        penalty=None,
        learning_rate="pa1",
        eta0=C,
        max_iter=max_iter,
        class_weight=class_weight,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    return calibrated(model, calibrate)
