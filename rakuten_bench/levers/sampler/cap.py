from __future__ import annotations

from rakuten_bench.registry import SAMPLER
from rakuten_bench.types import Resampler


@SAMPLER.option("cap", digit="3", needs="imbalanced-learn")
def cap(most: int = 5_000, *, random_state: int) -> Resampler:
    """Randomly undersample classes with more than `most` rows."""
    from rakuten_bench.estimator.bounds import Bounds

    return Bounds(0, most, random_state=random_state)
