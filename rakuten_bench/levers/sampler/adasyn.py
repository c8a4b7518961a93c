from __future__ import annotations

from typing import Any

from rakuten_bench.registry import SAMPLER


@SAMPLER.option("adasyn", digit="6", needs="imbalanced-learn")
def adasyn(k_neighbors: int = 5, *, random_state: int) -> Any:
    """ADASYN: synthesize minority rows that are hard to learn (He et al. 2008)."""
    from rakuten_bench.estimator.neighbour import Neighbours

    return Neighbours("adasyn", k_neighbors, random_state=random_state)
