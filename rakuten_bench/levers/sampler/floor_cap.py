from __future__ import annotations

from typing import Any

from rakuten_bench.registry import SAMPLER


@SAMPLER.option("floor_cap", digit="4", needs="imbalanced-learn")
def floor_cap(least: int = 2_000, most: int = 5_000, *, random_state: int) -> Any:
    """Oversample classes with fewer than `least` rows, undersample above `most`."""
    from rakuten_bench.estimator.bounds import Bounds

    return Bounds(least, most, random_state=random_state)
