from __future__ import annotations

from rakuten_bench.registry import FUSION
from rakuten_bench.types import Rule


@FUSION.option("mean", digit="0", needs="scikit-learn")
def mean(*, n_classes: int) -> Rule:
    """Mean of the members' probabilities."""
    from rakuten_bench.fusion.rule import Mean

    return Mean(n_classes)
