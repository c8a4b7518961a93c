"""What paired comparisons of a board need: predictions of the same rows."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rakuten_bench import records
from rakuten_bench.report.board import Entry, Ranking
from rakuten_bench.types import Codes


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
