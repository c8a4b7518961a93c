from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from rakuten_bench.metric import Scoring
from rakuten_bench.registry import SEARCH, Dimension

if TYPE_CHECKING:
    from rakuten_bench.search.strategy import Strategy


@SEARCH.option("halving", digit="3")
def halving(
    dimensions: Mapping[str, Dimension],
    n_candidates: Annotated[int, Meta(ge=1)] = 27,
    factor: Annotated[int, Meta(ge=2)] = 3,
    cv: Annotated[int, Meta(ge=2)] = 3,
    scoring: Scoring | None = None,
    space: dict[str, Any] | None = None,
    *,
    random_state: int,
) -> Strategy:
    """Successive halving: more rows for fewer candidates (Jamieson & Talwalkar 2016)."""
    from rakuten_bench.search.strategy import Batch, draw

    left = draw(dimensions, n_candidates, random_state)
    n_rounds = 0
    while len(left) >= factor ** (n_rounds + 1):
        n_rounds += 1
    for number in range(n_rounds + 1):
        scores = yield Batch(left, factor ** float(number - n_rounds))
        order = sorted(range(len(left)), key=lambda i: _descending(scores[i]))
        left = [left[i] for i in order[: max(1, len(left) // factor)]]


def _descending(score: float) -> float:
    """Sort key: the best first, failed candidates last."""
    return -score if score == score else float("inf")
