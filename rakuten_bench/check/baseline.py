"""The baseline: what the scenarios scored when they were last approved.

One JSON file to commit: sorted, one line for each true class of a matrix, so that a
diff shows which class moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench import records
from rakuten_bench.errors import UserError
from rakuten_bench.records import Row

SCHEMA_VERSION = 1
_LINE = 40  # predictions on one line of the file


class Approved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One scenario of a baseline.

    Attributes
    ----------
    scores : dict of str to float
        Rounded to six digits; "ari" and "purity" of a clustering.
    confusion : list of str
        For each true class, the counts of the predicted ones; empty for a clustering.
    rows_digest : str
        Which test rows, in which order; "" without predictions.
    predicted : list of str
        Predicted codes, `_LINE` on a line; empty without `--rows` and for a clustering,
        whose numbers mean nothing from one run to the next.
    """

    name: str = ""
    data: str
    split: str
    seed: int
    scores: dict[str, float]
    confusion: list[str] = []
    rows_digest: str = ""
    predicted: list[str] = []

    @property
    def codes(self) -> NDArray[np.int32]:
        """Predicted codes, int32 of shape (n_rows,); empty without them."""
        return np.array(" ".join(self.predicted).split(), dtype=np.int32)


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """Approved scenarios by board and code."""

    schema_version: int = SCHEMA_VERSION
    boards: dict[str, dict[str, Approved]] = {}


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises
    ------
    UserError
        If there is none, it can't be read, or a later version wrote it.
    """
    try:
        baseline = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except FileNotFoundError:
        message = (
            f"{path}: there is no baseline. Write one: rakuten-bench check --update"
        )
        raise UserError(message) from None
    except (OSError, msgspec.MsgspecError) as error:
        message = f"{path}: can't be read: {error}"
        raise UserError(message) from error
    if baseline.schema_version > SCHEMA_VERSION:
        message = (
            f"{path}: has schema version {baseline.schema_version}, this program knows "
            f"up to {SCHEMA_VERSION}. Update rakuten-bench."
        )
        raise UserError(message)
    return baseline


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline, sorted, one value a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.encode(baseline, order="deterministic")
    path.write_bytes(msgspec.json.format(text, indent=1) + b"\n")


def update_baseline(
    results: Path, old: Baseline, boards: Sequence[str], rows: bool = False
) -> Baseline:
    """Approve what the records of some boards say now; other boards stay as they are.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    old : Baseline
        An empty one to start with.
    boards : sequence of str
    rows : bool
        Whether to keep the predictions, for a paired test: about 2 bytes a row.

    Raises
    ------
    UserError
        If no scenario of a board has scores: an empty baseline would pass for ever.
    """
    approved = dict(old.boards)
    for board in boards:
        found = list(records.iter_rows(results, board))
        ok = [row for row in found if isinstance(row, Row) and has_scores(row)]
        if not ok:
            message = f"{results / board}: no scenario has scores, nothing to approve."
            raise UserError(message)
        approved[board] = {
            row.code: approve(results / board / row.code, row, rows)
            for row in _current(ok)
        }
    return Baseline(boards=approved)


def has_scores(row: Row) -> bool:
    """Tell whether a scenario has scores, of a classifier or of a clustering."""
    return row.scores is not None or row.clustering is not None


def newest_by_name(rows: Iterable[Row]) -> dict[str, Row]:
    """Return for each name the record that was written last.

    Of two written in one second the one whose code sorts last, for want of better.
    """
    newest: dict[str, Row] = {}
    for row in rows:
        if row.name:
            newest[row.name] = max(row, newest.get(row.name, row), key=_moment)
    return newest


def _moment(row: Row) -> tuple[str, str]:
    return row.created, row.code


def _current(rows: Sequence[Row]) -> list[Row]:
    """Leave out records of a name that has a newer one: its parameters were changed."""
    newest = newest_by_name(rows)
    return [row for row in rows if not row.name or row is newest[row.name]]


def approve(folder: Path, row: Row, rows: bool) -> Approved:
    """Return what a baseline keeps of one record."""
    clusters = row.clustering is not None
    counts = [] if clusters else records.read_confusion(folder).tolist()
    return Approved(
        name=row.name,
        data=row.dataset.fingerprint,
        split=row.split.fingerprint,
        seed=row.seed,
        scores=rounded_scores(row),
        confusion=[" ".join(map(str, line)) for line in counts],
        rows_digest=row.rows_digest,
        predicted=_lines(records.read_predicted(folder))
        if rows and not clusters
        else [],
    )


def rounded_scores(row: Row) -> dict[str, float]:
    """Return the scores of a record to six digits."""
    scores = msgspec.to_builtins(row.scores or row.clustering)
    return {
        metric: round(value, 6)
        for metric, value in scores.items()
        if isinstance(value, float)
    }


def _lines(predicted: NDArray[np.int32]) -> list[str]:
    words = [str(code) for code in predicted.tolist()]
    starts = range(0, len(words), _LINE)
    return [" ".join(words[start : start + _LINE]) for start in starts]
