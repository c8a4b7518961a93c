from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Effort, Real
from rakuten_bench.types import Classifier


@MODEL.option(
    "svc_nystroem",
    digit="i",
    needs="scikit-learn",
    effort=Effort(25.0),
    space={
        "C": Real(0.1, 100.0, log=True),
        "class_weight": Choices((None, "balanced")),
    },
)
def svc_nystroem(
    C: float = 1.0,
    gamma: float | Literal["scale"] = "scale",
    n_components: int = 1000,
    class_weight: Literal["balanced"] | None = None,
    tol: float = 0.1,
    calibrate: Literal["sigmoid", "isotonic"] | None = None,
    *,
    random_state: int,
) -> Classifier:
    """RBF support vector machine that scales (Nystroem map, Williams & Seeger 2001)."""
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    from rakuten_bench.estimator.calibration import calibrated
    from rakuten_bench.estimator.kernel import RbfMap

    features = RbfMap(gamma, n_components, random_state)
    model = LinearSVC(
        C=C,
        class_weight=class_weight,
        # the mapped rows are dense and alike: the dual at a loose tolerance takes a
        # quarter of the primal's time, at the same F1
        dual=True,
        tol=tol,
        max_iter=10_000,
        random_state=random_state,
    )
    return calibrated(make_pipeline(features, model), calibrate)
