from __future__ import annotations

from typing import Any

from rakuten_bench.registry import SAMPLER


@SAMPLER.option("random_over", digit="2", needs="imbalanced-learn")
def random_over(*, random_state: int) -> Any:
    """Randomly oversample every class to the size of the largest."""
    from imblearn.over_sampling import RandomOverSampler

    return RandomOverSampler(random_state=random_state)
