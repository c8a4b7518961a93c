from __future__ import annotations

from rakuten_bench.registry import SAMPLER
from rakuten_bench.types import Resampler


@SAMPLER.option("smote", digit="5", needs="imbalanced-learn")
def smote(k_neighbors: int = 5, *, random_state: int) -> Resampler:
    """SMOTE: synthesize minority rows between neighbors (Chawla et al. 2002)."""
    from rakuten_bench.estimator.neighbour import Neighbours

    return Neighbours("smote", k_neighbors, random_state=random_state)
