from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL
from rakuten_bench.types import Classifier


@MODEL.option("dummy", digit="0", needs="scikit-learn")
def dummy(
    strategy: Literal["prior", "stratified", "uniform"] = "prior", *, random_state: int
) -> Classifier:
    """Baseline that ignores all features: the score to beat."""
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy=strategy, random_state=random_state)
