from __future__ import annotations

from typing import Any

from rakuten_bench.registry import SAMPLER


@SAMPLER.option("random_under", digit="1", needs="imbalanced-learn")
def random_under(*, random_state: int) -> Any:
    """Randomly undersample every class to the size of the smallest."""
    from imblearn.under_sampling import RandomUnderSampler

    return RandomUnderSampler(random_state=random_state)
