from __future__ import annotations

from typing import Any, Literal

from rakuten_bench.registry import MODEL


@MODEL.option("linear_svc", digit="2", needs="scikit-learn")
def linear_svc(
    C: float = 1.0,
    class_weight: Literal["balanced"] | None = None,
    max_iter: int = 10_000,
    *,
    random_state: int,
) -> Any:
    """Linear support vector machine, one class against the rest."""
    from sklearn.svm import LinearSVC

    return LinearSVC(
        C=C, class_weight=class_weight, max_iter=max_iter, random_state=random_state
    )
