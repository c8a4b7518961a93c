from __future__ import annotations

from rakuten_bench.registry import SAMPLER
from rakuten_bench.types import Resampler


@SAMPLER.option("random_under", digit="1", needs="imbalanced-learn")
def random_under(*, random_state: int) -> Resampler:
    """Randomly undersample every class to the size of the smallest."""
    from imblearn.under_sampling import RandomUnderSampler

    return RandomUnderSampler(random_state=random_state)
