from __future__ import annotations

from typing import Any, Literal

from rakuten_bench.registry import MODEL


@MODEL.option("dummy", digit="0", needs="scikit-learn")
def dummy(
    strategy: Literal["prior", "stratified", "uniform"] = "prior", *, random_state: int
) -> Any:
    """Baseline that ignores all features: the score to beat."""
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy=strategy, random_state=random_state)
