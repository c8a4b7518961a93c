from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Real
from rakuten_bench.types import Classifier


@MODEL.option(
    "sgd",
    digit="6",
    needs="scikit-learn",
    space={
        "alpha": Real(1e-6, 1e-3, log=True),
        "loss": Choices(("hinge", "modified_huber", "log_loss")),
    },
)
def sgd(
    loss: Literal["hinge", "modified_huber", "log_loss", "squared_hinge"] = "hinge",
    alpha: float = 1e-4,
    penalty: Literal["l2", "l1", "elasticnet"] = "l2",
    max_iter: int = 1000,
    class_weight: Literal["balanced"] | None = None,
    calibrate: Literal["sigmoid", "isotonic"] | None = None,
    *,
    random_state: int,
    n_jobs: int = 1,
) -> Classifier:
    """Linear model by stochastic gradient descent."""
    from sklearn.linear_model import SGDClassifier

    from rakuten_bench.estimator.calibration import calibrated

    model = SGDClassifier(
        loss=loss,
        alpha=alpha,
        penalty=penalty,
        max_iter=max_iter,
        class_weight=class_weight,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    return calibrated(model, calibrate)
