from __future__ import annotations

from typing import Any, Literal

from rakuten_bench.registry import MODEL


@MODEL.option("logreg", digit="1", needs="scikit-learn")
def logreg(
    C: float = 1.0,
    class_weight: Literal["balanced"] | None = None,
    max_iter: int = 1000,
) -> Any:
    """Logistic regression (lbfgs)."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=C, class_weight=class_weight, max_iter=max_iter)
