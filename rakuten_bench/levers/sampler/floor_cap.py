from __future__ import annotations

from rakuten_bench.registry import SAMPLER
from rakuten_bench.types import Resampler


@SAMPLER.option("floor_cap", digit="4", needs="imbalanced-learn")
def floor_cap(least: int = 2_000, most: int = 5_000, *, random_state: int) -> Resampler:
    """Oversample classes with fewer than `least` rows, undersample above `most`."""
    from rakuten_bench.estimator.bounds import Bounds

    return Bounds(least, most, random_state=random_state)
