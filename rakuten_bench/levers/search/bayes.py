from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from rakuten_bench.metric import Scoring
from rakuten_bench.registry import SEARCH, Dimension

if TYPE_CHECKING:
    from rakuten_bench.search.strategy import Strategy


@SEARCH.option("bayes", digit="4", needs="scikit-optimize")
def bayes(
    dimensions: Mapping[str, Dimension],
    n_iter: Annotated[int, Meta(ge=1)] = 20,
    n_initial: Annotated[int, Meta(ge=1)] = 8,
    cv: Annotated[int, Meta(ge=2)] = 3,
    scoring: Scoring | None = None,
    space: dict[str, Any] | None = None,
    *,
    random_state: int,
) -> Strategy:
    """Bayesian optimization with a Gaussian process (scikit-optimize)."""
    from rakuten_bench.search.bayesian import search_bayes

    yield from search_bayes(dimensions, n_iter, n_initial, random_state)
