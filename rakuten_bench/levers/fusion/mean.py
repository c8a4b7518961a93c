from __future__ import annotations

from typing import Any

from rakuten_bench.registry import FUSION


@FUSION.option("mean", digit="0", needs="scikit-learn")
def mean(*, n_classes: int) -> Any:
    """Mean of the members' probabilities."""
    from rakuten_bench.fusion.rule import Mean

    return Mean(n_classes)
