from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Effort, Real
from rakuten_bench.types import Classifier, Transformer


@MODEL.preparation(needs="scikit-learn", kind="transform", writes=("features",))
def products(max_rows: int = 12_000) -> Transformer:
    """Dot products of all rows with the training rows, once for all kernel machines."""
    from rakuten_bench.estimator.kernel import GramMap

    return GramMap(max_rows)


@MODEL.option(
    "svc",
    digit="3",
    needs="scikit-learn",
    effort=Effort(15.0, 2.5, "svc_nystroem"),
    prepare=products,
    space={
        "C": Real(0.1, 100.0, log=True),
        "kernel": Choices(("linear", "rbf")),
        "class_weight": Choices((None, "balanced")),
    },
)
def svc(
    C: float = 1.0,
    kernel: Literal["linear", "rbf"] = "rbf",
    gamma: float | Literal["scale"] = "scale",
    class_weight: Literal["balanced"] | None = None,
    calibrate: Literal["sigmoid", "isotonic"] | None = None,
) -> Classifier:
    """Kernel support vector machine; training time grows with the square of the rows."""
    from rakuten_bench.estimator.calibration import calibrated
    from rakuten_bench.estimator.kernel import KernelSVC

    return calibrated(KernelSVC(C, kernel, gamma, class_weight), calibrate)
