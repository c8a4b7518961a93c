from __future__ import annotations

from rakuten_bench.registry import SAMPLER
from rakuten_bench.types import Resampler


@SAMPLER.option("adasyn", digit="6", needs="imbalanced-learn")
def adasyn(k_neighbors: int = 5, *, random_state: int) -> Resampler:
    """ADASYN: synthesize minority rows that are hard to learn (He et al. 2008)."""
    from rakuten_bench.estimator.neighbour import Neighbours

    return Neighbours("adasyn", k_neighbors, random_state=random_state)
