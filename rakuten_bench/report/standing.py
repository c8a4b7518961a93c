"""Intervals and rank groups of a board, from the predictions beside its records."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench import metrics, records
from rakuten_bench.report.board import Entry, Ranking
from rakuten_bench.report.standing_cache import cached_standing
from rakuten_bench.types import Codes
from rakuten_bench.wording.words import number

#: Scenarios compared, at most; the rest has no interval and group.
LOOKED_AT = 1000


def with_standing(
    board: Ranking, top: int | None = None, memory: Path | None = None
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
    memory : Path, optional
        Folder that caches the results.
    """
    n_entries = len(board.entries)
    looked = n_entries if n_entries <= LOOKED_AT else min(top or LOOKED_AT, LOOKED_AT)
    entries, without = board.entries[:looked], board.entries[looked:]
    found = partial(_judge, board, entries)
    judged = (
        found() if memory is None else cached_standing(memory, board, entries, found)
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


def one_blas_thread() -> contextlib.AbstractContextManager[object]:
    """Limit BLAS to one thread beside the threads of the bootstrap.

    On a busy machine they block each other: three times slower.
    """
    from threadpoolctl import threadpool_limits

    limits: contextlib.AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits


def load_answers(
    board: Ranking, entries: Sequence[Entry]
) -> tuple[dict[str, NDArray[np.int32]], records.Predictions | None]:
    """Return what scenarios predicted for the same rows.

    Returns
    -------
    answers : dict of str to int32 array of shape (n_rows,)
        By code; without scenarios that have no predictions of these rows.
    first : Predictions or None
        Of the first scenario that has them: ids, true labels and classes of all.
    """
    first = _first_predictions(entries)
    if first is None:
        return {}, None
    rows = first.language == board.subset if board.subset else slice(None)
    answers = {}
    for entry in entries:
        if entry.row.rows_digest == first.rows_digest:
            with contextlib.suppress(records.DamagedRecord):
                predicted = records.read_predicted(entry.folder)
                if _answers(predicted, first):
                    answers[entry.code] = predicted[rows]
    return answers, first.take(rows)


def _answers(predicted: Codes, first: records.Predictions) -> bool:
    """Return whether an array has one class for each row, as in an intact file."""
    if predicted.shape != first.true.shape or predicted.dtype.kind != "i":
        return False
    return bool(((predicted >= 0) & (predicted < len(first.classes))).all())


def _first_predictions(entries: Sequence[Entry]) -> records.Predictions | None:
    for entry in entries:
        with contextlib.suppress(records.DamagedRecord):
            return records.read_predictions(entry.folder, entry.row.predictions_digest)
    return None
