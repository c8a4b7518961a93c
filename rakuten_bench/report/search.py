"""The result of a search, from the details of a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rakuten_bench.units import render_seconds
from rakuten_bench.wording.words import (
    clean,
    number,
    params_words,
    score_words,
)


def search_words(details: Mapping[str, Any]) -> list[str]:
    """Return one line for each fold: best parameters, inner score, and cost.

    Empty if there was no search.

    >>> tried = [{"seconds": 0.5}, {"seconds": 0.7, "error": "ValueError: C"}]
    >>> found = {"best_params": {"C": 0.25}, "best_score": 0.571, "candidates": tried}
    >>> search_words({**found, "scoring": "f1_weighted"})
    ['best C=0.25; inner f1_weighted .5710; 2 candidates (1 failed), 1.2 s']
    """
    folds: Sequence[Mapping[str, Any]] = details.get("folds", [details])
    several = len(folds) > 1
    return [
        f"fold {place}: {_words(fold)}" if several else _words(fold)
        for place, fold in enumerate(folds)
        if "best_params" in fold
    ]


def _words(fold: Mapping[str, Any]) -> str:
    tried = fold["candidates"]
    n_failed = sum("error" in one for one in tried)
    failed = f" ({n_failed:,} failed)" if n_failed else ""
    effort = render_seconds(sum(one["seconds"] for one in tried))
    return clean(
        f"best {params_words(fold['best_params'])}; inner {fold['scoring']} "
        f"{score_words(fold['best_score'])}; {number(len(tried), 'candidate')}{failed}, "
        f"{effort}"
    )
