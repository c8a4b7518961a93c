from __future__ import annotations

from rakuten_bench.registry import SAMPLER
from rakuten_bench.types import Resampler


@SAMPLER.option("random_over", digit="2", needs="imbalanced-learn")
def random_over(*, random_state: int) -> Resampler:
    """Randomly oversample every class to the size of the largest."""
    from imblearn.over_sampling import RandomOverSampler

    return RandomOverSampler(random_state=random_state)
