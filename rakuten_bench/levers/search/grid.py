from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from rakuten_bench.metric import Scoring
from rakuten_bench.registry import SEARCH, Dimension

if TYPE_CHECKING:
    from rakuten_bench.search.strategy import Strategy


@SEARCH.option("grid", digit="1")
def grid(
    dimensions: Mapping[str, Dimension],
    n_values: Annotated[int, Meta(ge=1)] = 4,
    cv: Annotated[int, Meta(ge=2)] = 3,
    scoring: Scoring | None = None,
    space: dict[str, Any] | None = None,
) -> Strategy:
    """Grid search; a range is divided into `n_values` values."""
    from rakuten_bench.search.strategy import Batch, grid_of

    yield Batch(grid_of(dimensions, n_values))
