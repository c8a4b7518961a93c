"""Intervals and rank groups of a board, from the predictions beside its records."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

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

    A scenario whose predictions give other scores than its record says leaves it. Up to
    `LOOKED_AT` scenarios are compared, each with each other one. On a larger board only
    the first `top` are; all others count in Holm's correction as if they were never told
    apart, so that no claim is made too easily.

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
    honest = _without_contradicted(replace(board, entries=(*judged, *without)))
    if len(honest.entries) < n_entries:  # others take their places
        return with_standing(honest, top, memory and memory / "again")
    return replace(honest, left_out=(*honest.left_out, *_remarks(judged, without)))


def hold_to_predictions(board: Board) -> Board:
    """Return the board without scenarios whose predictions give other scores.

    As `with_standing` does it, but of all scenarios, and without comparing them.
    """
    held = _hold(board, board.entries, *load_answers(board, board.entries))
    return _without_contradicted(replace(board, entries=tuple(held)))


def _without_contradicted(board: Board) -> Board:
    """Take out the entries that were found contradicted, and clusterings that are."""
    wrong = [entry for entry in board.entries if entry.is_contradicted]
    clusterings = [
        entry
        for entry in board.clusterings
        if records.say_contradiction(entry.folder, entry.row)
    ]
    if not wrong and not clusterings:
        return board
    honest = [entry for entry in board.entries if not entry.is_contradicted]
    refused = [records.contradiction(entry.folder) for entry in (*wrong, *clusterings)]
    return replace(
        board,
        entries=rank_entries(honest, board.metric),
        clusterings=tuple(one for one in board.clusterings if one not in clusterings),
        left_out=(*board.left_out, *refused),
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
    held = _hold(board, entries, together, first)
    known = [one for one in held if one.code in together and not one.is_contradicted]
    if first is None or not known:
        return [_alone(board, entry) for entry in held]
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
    return [judged.get(entry.code) or _alone(board, entry) for entry in held]


def _hold(
    board: Board,
    entries: Sequence[Entry],
    answers: Mapping[str, NDArray[np.int32]],
    first: records.Predictions | None,
) -> list[Entry]:
    """Hold the scores of records to the answers beside them, as `load_answers` gives."""
    held = []
    for entry in entries:
        if first is not None and entry.code in answers:
            predicted, n_classes = answers[entry.code], len(first.classes)
            confusion = metrics.confusion_matrix(first.true, predicted, n_classes)
            wrong = _gives_other_scores(confusion, entry) and not _is_rewritten(entry)
        else:
            wrong = _is_wrong_alone(board, entry)
        held.append(replace(entry, is_contradicted=wrong))
    return held


def _gives_other_scores(confusion: NDArray[np.int64], entry: Entry) -> bool:
    scores = metrics.scores(confusion)
    return not all(
        math.isclose(scores[m], entry.scores[m], abs_tol=1e-9) for m in scores
    )


def _is_rewritten(entry: Entry) -> bool:
    """Tell whether a run has replaced the record since the board was read."""
    try:
        record = records.read_record(entry.folder)
    except records.DamagedRecord:
        return False
    return not records.say_contradiction(entry.folder, record)


def _is_wrong_alone(board: Board, entry: Entry) -> bool:
    """Hold a record to predictions of other rows than the board's, or to its matrix."""
    if records.say_contradiction(entry.folder, entry.row):
        return not _is_rewritten(entry)
    confusion = None if board.subset else _read_matrix(entry)
    return confusion is not None and _gives_other_scores(confusion, entry)


def _read_matrix(entry: Entry) -> NDArray[np.int64] | None:
    """Return the matrix beside a record; None where there is none that counts rows."""
    with contextlib.suppress(records.DamagedRecord):
        confusion = records.read_confusion(entry.folder)
        if confusion.sum() > 0 and confusion.min() >= 0:
            return confusion
    return None


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
    confusion = _read_matrix(entry)
    if confusion is None:
        return entry
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
                predicted = records.read_predicted(entry.folder)
                if _answers(predicted, first):
                    answers[entry.code] = predicted[rows]
    return answers, first.take(rows)


def _answers(predicted: NDArray[Any], first: records.Predictions) -> bool:
    """Tell whether an array holds one class for each row, as an intact file does."""
    if predicted.shape != first.true.shape or predicted.dtype.kind != "i":
        return False
    return bool(((predicted >= 0) & (predicted < len(first.classes))).all())


def _first_predictions(entries: Sequence[Entry]) -> records.Predictions | None:
    for entry in entries:
        with contextlib.suppress(records.DamagedRecord):
            return records.read_predictions(entry.folder, entry.row.predictions_digest)
    return None
