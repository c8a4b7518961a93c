"""Intervals and rank groups of a board, from the predictions beside its records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from rakuten_bench import metrics
from rakuten_bench.report.board import Entry, Ranking
from rakuten_bench.report.paired import load_answers, one_blas_thread
from rakuten_bench.report.standing_cache import cached_standing
from rakuten_bench.store.layout import Layout
from rakuten_bench.wording.words import number

#: Scenarios compared, at most; the rest has no interval and group.
LOOKED_AT = 1000


def with_standing(
    board: Ranking, top: int | None = None, cache: Path | None = None
) -> Ranking:
    """Return the board with intervals and rank groups.

    Up to `LOOKED_AT` scenarios are compared pairwise. On a larger board only the first
    `top` are; all others count in Holm's correction as not significant, which keeps it
    conservative.

    Parameters
    ----------
    board : Ranking
    top : int or None
        Number of scenarios that will be shown.
    cache : Path, optional
        Folder of the cache that keeps the results.
    """
    n_entries = len(board.entries)
    looked = n_entries if n_entries <= LOOKED_AT else min(top or LOOKED_AT, LOOKED_AT)
    entries, without = board.entries[:looked], board.entries[looked:]
    judge = partial(_judge, board, entries)
    judged = (
        cached_standing(Layout(cache).standings, board, entries, judge)
        if cache
        else judge()
    )
    return replace(
        board,
        entries=(*judged, *without),
        left_out=(*board.left_out, *_remarks(judged, without)),
    )


def _remarks(judged: Sequence[Entry], without: Sequence[Entry]) -> list[str]:
    alone = sum(entry.group is None for entry in judged)
    lines = []
    if without:
        lines.append(f"{number(len(without), 'scenario')} from interval and group.")
    if alone:
        lines.append(f"{number(alone, 'scenario')} without predictions from groups.")
    return lines


def _judge(board: Ranking, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with interval and group, in their order."""
    together, first = load_answers(board, entries)
    known = [entry for entry in entries if entry.code in together]
    if first is None or not known:
        return list(entries)
    with one_blas_thread():
        standing = metrics.rank(
            first.true,
            np.stack([together[entry.code] for entry in known]),
            len(first.classes),
            [board.metric],
            n_family=len(board.entries),
        )
    groups = metrics.rank_groups(standing.p_values < metrics.ALPHA)
    found = zip(known, standing.intervals[board.metric], groups, strict=True)
    judged = {e.code: replace(e, interval=i, group=g) for e, i, g in found}
    return [judged.get(entry.code, entry) for entry in entries]
