from __future__ import annotations

from typing import Any

from rakuten_bench.registry import SAMPLER


@SAMPLER.option("random_over", digit="2", needs="imbalanced-learn")
def random_over(*, random_state: int) -> Any:
    """Repeat rows of the smaller classes until all are as large as the largest."""
    from imblearn.over_sampling import RandomOverSampler

    return RandomOverSampler(random_state=random_state)
