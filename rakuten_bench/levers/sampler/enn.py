from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import SAMPLER
from rakuten_bench.types import Resampler


@SAMPLER.option("enn", digit="7", needs="imbalanced-learn")
def enn(
    n_neighbors: int = 3, kind_sel: Literal["all", "mode"] = "all", *, n_jobs: int = 1
) -> Resampler:
    """Edited nearest neighbors: drop rows among other classes (Wilson 1972)."""
    from rakuten_bench.estimator.neighbour import Edited

    return Edited(n_neighbors, kind_sel, n_jobs=n_jobs)
