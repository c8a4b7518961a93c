from __future__ import annotations

from typing import Any, Literal

from rakuten_bench.registry import MODEL, Choices, Real


@MODEL.option(
    "logreg",
    digit="1",
    needs="scikit-learn",
    space={
        "C": Real(0.1, 100.0, log=True),
        "class_weight": Choices((None, "balanced")),
    },
)
def logreg(
    C: float = 1.0,
    class_weight: Literal["balanced"] | None = None,
    max_iter: int = 100,
    tol: float = 1e-4,
    *,
    n_jobs: int = 1,
) -> Any:
    """Multinomial logistic regression (Newton steps in float32)."""
    from rakuten_bench.estimator.softmax import SoftmaxRegression

    return SoftmaxRegression(C, class_weight, max_iter, tol, n_jobs)
