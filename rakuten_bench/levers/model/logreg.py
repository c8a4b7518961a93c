from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Real
from rakuten_bench.types import Classifier


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
    max_iter: int = 1000,
    tol: float = 1e-4,
) -> Classifier:
    """Logistic regression (lbfgs)."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=C, class_weight=class_weight, max_iter=max_iter, tol=tol
    )
