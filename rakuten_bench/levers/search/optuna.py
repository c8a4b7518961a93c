from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from rakuten_bench.metric import Scoring
from rakuten_bench.registry import SEARCH, Dimension

if TYPE_CHECKING:
    from rakuten_bench.search.strategy import Strategy


@SEARCH.option("optuna", digit="5", needs="optuna", extra="optuna")
def optuna(
    dimensions: Mapping[str, Dimension],
    n_iter: Annotated[int, Meta(ge=1)] = 20,
    cv: Annotated[int, Meta(ge=2)] = 3,
    scoring: Scoring | None = None,
    space: dict[str, Any] | None = None,
    *,
    random_state: int,
) -> Strategy:
    """Tree-structured Parzen estimator (Optuna's TPE sampler)."""
    from rakuten_bench.search.parzen import search_parzen

    yield from search_parzen(dimensions, n_iter, random_state)
