"""Intervals and rank groups of a board, from the predictions beside its records."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench import metrics, records
from rakuten_bench.report.board import Board, Entry, rank_entries
from rakuten_bench.report.memory import recall
from rakuten_bench.wording.words import number

#: Scenarios that are looked at, at most; the rest stays without interval and group.
LOOKED_AT = 1000


def with_standing(
    board: Board, top: int | None = None, memory: Path | None = None
) -> Board:
    """Return the board with intervals and rank groups.

    A scenario whose predictions give other scores than its record says leaves it. Up to `LOOKED_AT` scenarios are compared, each with each other one. On a larger
    board only the first `top` are; all others count in Holm's correction as if they
    were never told apart, so that no claim is made too easily.

    Parameters
    ----------
    board : Board
    top : int or None
        How many scenarios will be shown.
    memory : Path, optional
        Folder that keeps what was found out, for the next time that nothing is new.
    """
    n_entries = len(board.entries)
    looked = n_entries if n_entries <= LOOKED_AT else min(top or LOOKED_AT, LOOKED_AT)
    entries, without = board.entries[:looked], board.entries[looked:]
    found = partial(_judge, board, entries)
    judged = found() if memory is None else recall(memory, board, entries, found)
    honest = [entry for entry in judged if not entry.is_contradicted]
    refused = [
        records.contradiction(entry.folder) for entry in judged if entry.is_contradicted
    ]
    return replace(
        board,
        entries=rank_entries((*honest, *without), board.metric),
        left_out=(*board.left_out, *refused, *_remarks(honest, without)),
    )


def _remarks(judged: Sequence[Entry], without: Sequence[Entry]) -> list[str]:
    alone = sum(entry.group is None for entry in judged)
    lines = []
    if without:
        lines.append(f"{number(len(without), 'scenario')} from interval and group.")
    if alone:
        lines.append(f"{number(alone, 'scenario')} without predictions from groups.")
    return lines


def _judge(board: Board, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with interval and group, in their order."""
    together, first = load_answers(board, entries)
    if first is None:
        return [_alone(board, entry) for entry in entries]
    n_classes = len(first.classes)
    tables = {
        code: metrics.confusion_matrix(first.true, predicted, n_classes)
        for code, predicted in together.items()
    }
    held = [_hold(entry, tables.get(entry.code)) for entry in entries]
    known = [one for one in held if one.code in together and not one.is_contradicted]
    if not known:
        return [_alone(board, entry) for entry in held]
    with one_blas_thread():
        standing = metrics.rank(
            first.true,
            np.stack([together[entry.code] for entry in known]),
            n_classes,
            [board.metric],
            n_family=len(board.entries),
        )
    groups = metrics.rank_groups(standing.p_values < metrics.ALPHA)
    found = zip(known, standing.intervals[board.metric], groups, strict=True)
    judged = {e.code: replace(e, interval=i, group=g) for e, i, g in found}
    return [judged.get(entry.code) or _alone(board, entry) for entry in held]


def _hold(entry: Entry, confusion: NDArray[np.int64] | None) -> Entry:
    """Hold the scores of a record to the answers beside it."""
    if confusion is None:
        return entry
    scores = metrics.scores(confusion)
    close = (math.isclose(scores[m], entry.scores[m], abs_tol=1e-9) for m in scores)
    return replace(entry, is_contradicted=not all(close))


def one_blas_thread() -> contextlib.AbstractContextManager[object]:
    """Keep BLAS from starting threads beside those of the bootstrap.

    On a busy machine they wait for each other: three times the seconds.
    """
    from threadpoolctl import threadpool_limits

    limits: contextlib.AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits


def _alone(board: Board, entry: Entry) -> Entry:
    """Give an interval to a scenario of which only the matrix is left."""
    if board.subset or entry.is_contradicted:
        return entry
    try:
        confusion = records.read_confusion(entry.folder)
    except records.DamagedRecord:
        return entry
    entry = _hold(entry, confusion)
    draws = metrics.resample_cells(confusion, board.metric)
    return replace(entry, interval=metrics.interval(draws, entry.scores[board.metric]))


def load_answers(
    board: Board, entries: Sequence[Entry]
) -> tuple[dict[str, NDArray[np.int32]], records.Predictions | None]:
    """Return what scenarios predicted for the same rows.

    Returns
    -------
    answers : dict of str to int32 array of shape (n_rows,)
        By code; a scenario without predictions of these rows is not in it.
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
                answers[entry.code] = records.read_predicted(entry.folder)[rows]
    return answers, first.take(rows)


def _first_predictions(entries: Sequence[Entry]) -> records.Predictions | None:
    for entry in entries:
        with contextlib.suppress(records.DamagedRecord):
            return records.read_predictions(entry.folder, entry.row.predictions_digest)
    return None
