from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from rakuten_bench.metric import Scoring
from rakuten_bench.registry import SEARCH, Dimension

if TYPE_CHECKING:
    from rakuten_bench.search.strategy import Strategy


@SEARCH.option("random", digit="2")
def random(
    dimensions: Mapping[str, Dimension],
    n_iter: Annotated[int, Meta(ge=1)] = 20,
    cv: Annotated[int, Meta(ge=2)] = 3,
    scoring: Scoring | None = None,
    space: dict[str, Any] | None = None,
    *,
    random_state: int,
) -> Strategy:
    """Random search (Bergstra & Bengio 2012)."""
    from rakuten_bench.search.strategy import Batch, draw

    yield Batch(draw(dimensions, n_iter, random_state))
