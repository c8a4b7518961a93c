"""The baseline: what the scenarios scored when they were last approved.

One JSON file to commit: sorted, one line for each true class of a matrix, so that a
diff shows which class moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench import records
from rakuten_bench.errors import UserError
from rakuten_bench.records import Damaged, Row

SCHEMA_VERSION = 1
_LINE = 40  # predictions on one line of the file


class Approved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One scenario of a baseline.

    Attributes
    ----------
    study : str
        Name of its scenario file: with `name` what it is known by.
    scores : dict of str to float
        Rounded to ten digits; "ari" and "purity" of a clustering.
    confusion : list of str
        For each true class, the counts of the predicted ones; empty for a clustering.
    rows_digest : str
        Which test rows, in which order; "" without predictions.
    predicted : list of str
        Predicted codes, `_LINE` on a line; empty without `--rows` and for a clustering,
        whose numbers mean nothing from one run to the next.
    """

    name: str = ""
    study: str = ""
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
) -> tuple[Baseline, list[str]]:
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

    Returns
    -------
    baseline : Baseline
    left_out : list of str
        A line for each record that is not in it, with the reason.

    Raises
    ------
    UserError
        If no scenario of a board has scores: an empty baseline would pass for ever.
    """
    approved, left_out = dict(old.boards), []
    for board in boards:
        found = list(records.iter_rows(results, board))
        out = dict(_unfit(results / board, found))
        chosen = [r for r in found if isinstance(r, Row) and r.code not in out]
        if not chosen:
            message = f"{results / board}: no scenario has scores, nothing to approve."
            raise UserError(message)
        approved[board] = {
            row.code: approve(results / board / row.code, row, rows) for row in chosen
        }
        left_out += [f"{board}: {code}: {reason}" for code, reason in out.items()]
    return Baseline(boards=approved), left_out


#: What a scenario is known by where its code has changed: scenario file and name.
Identity = tuple[str, str]


def identity(scenario: Row | Approved) -> Identity | None:
    """Return what a scenario is known by besides its code; None if it has no name."""
    return (scenario.study, scenario.name) if scenario.name else None


def find_newest(rows: Iterable[Row]) -> dict[Identity, Row]:
    """Return for each named scenario the record that was written last.

    Of two written in one second the one whose code sorts last, for want of better.
    """
    newest: dict[Identity, Row] = {}
    for row in rows:
        known_by = identity(row)
        if known_by:
            newest[known_by] = max(row, newest.get(known_by, row), key=_moment)
    return newest


def _moment(row: Row) -> tuple[str, str]:
    return row.created, row.code


def _unfit(board: Path, rows: Sequence[Row | Damaged]) -> Iterator[tuple[str, str]]:
    """Yield code and reason of each record that can't be approved.

    Of one scenario with several codes, only the newest counts: its parameters were
    changed.
    """
    scored = [row for row in rows if isinstance(row, Row) and row.has_scores]
    newest = find_newest(scored)
    for row in rows:
        if isinstance(row, Damaged):
            yield row.code, row.message
        elif not row.has_scores:
            yield row.code, f"the record is {row.status}"
        else:
            now = newest.get(identity(row) or ("", ""), row)
            if now is not row:
                yield row.code, f"{row.name!r} of {row.study} is {now.code} by now"
            elif reason := records.say_contradiction(board / row.code, row):
                yield row.code, reason


def approve(folder: Path, row: Row, rows: bool) -> Approved:
    """Return what a baseline keeps of one record."""
    clusters = row.clustering is not None
    counts = [] if clusters else records.read_confusion(folder).tolist()
    return Approved(
        name=row.name,
        study=row.study,
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
    """Return the scores of a record to ten digits."""
    scores = msgspec.to_builtins(row.scores or row.clustering)
    return {
        metric: round(value, 10)
        for metric, value in scores.items()
        if isinstance(value, float)
    }


def _lines(predicted: NDArray[np.int32]) -> list[str]:
    words = [str(code) for code in predicted.tolist()]
    starts = range(0, len(words), _LINE)
    return [" ".join(words[start : start + _LINE]) for start in starts]
