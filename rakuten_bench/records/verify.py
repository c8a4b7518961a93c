"""Verify that a record is consistent with its own files and those beside it.

Boards, `show`, `compare`, `check`, `merge` and `export` all use this module. A record that
fails is reported with the reason, and never ranked.

A record is valid if it is in the folder of its code, its levers have that code, and, if it
has scores, its predictions exist, match its digest, cover all test rows of the board, and
reproduce its scores, its class table and the table beside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from rakuten_bench.plain import read_plain
from rakuten_bench.records.board import Identity, read_board
from rakuten_bench.records.derive import derive
from rakuten_bench.records.prediction import Predictions
from rakuten_bench.records.schema import Record, Row
from rakuten_bench.records.store import (
    CLUSTERS_FILE,
    CONFUSION_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    REMEDY,
    Damaged,
    DamagedRecord,
    counts_file,
    iter_rows,
    read_predictions,
    say_misplaced,
)
from rakuten_bench.records.verified import Verified
from rakuten_bench.scenario import code_of

_UNREAD = object()  # stands for fields of a record that a row lacks


def check_record(folder: Path, record: Record | Row) -> None:
    """Refuse a record that contradicts its files.

    Raises
    ------
    DamagedRecord
    """
    fault = say_contradiction(folder, record)
    if fault:
        raise DamagedRecord(fault)


def say_contradiction(folder: Path, record: Record | Row) -> str:
    """Return what is wrong with a record; "" if it is valid.

    Parameters
    ----------
    folder : Path
        Of the record.
    record : Record or Row
    """
    return Verifier(folder.parent, Identity.of(record)).say_contradiction(
        folder, record
    )


class Verifier:
    """Verifies the records of one board against their files.

    Parameters
    ----------
    board : Path
        Folder of the board.
    identity : Identity
        Of the records that are asked about.
    rows : iterable of Row, optional
        The board's records, if already read.
    verified : Verified, optional
        Cache of verified records.
    """

    def __init__(
        self,
        board: Path,
        identity: Identity,
        rows: Iterable[Row] | None = None,
        verified: Verified | None = None,
    ) -> None:
        self._rows_digest = find_rows(board, identity, rows)
        self._verified = verified
        self._last: Predictions | None = None

    def say_contradiction(self, folder: Path, record: Record | Row) -> str:
        """Return what is wrong with a record; "" if it is valid."""
        if self._verified is None or not _has_scores(record):
            return self._find_fault(folder, record)
        try:
            checksum = self._verified.checksum(folder, record, self._rows_digest)
        except OSError:
            return self._find_fault(folder, record)
        if checksum in self._verified:
            return ""
        fault = self._find_fault(folder, record)
        if not fault and checksum == self._verified.checksum(
            folder, record, self._rows_digest
        ):
            self._verified.add(checksum)
        return fault

    def _find_fault(self, folder: Path, record: Record | Row) -> str:
        for fault in self._iter_faults(folder, record):
            is_named = fault.startswith(str(folder))
            return fault if is_named else f"{folder / RECORD_FILE}: {fault} {REMEDY}"
        return ""

    def _iter_faults(self, folder: Path, record: Record | Row) -> Iterator[str]:
        if misplaced := say_misplaced(folder, record):
            yield misplaced
        code = code_of(record.modality, record.levers, record.params, record.members)
        if code and code != record.code:
            yield f"its levers have the code '{code}', not '{record.code}'."
        has_scores = _has_scores(record)
        if has_scores != (record.status == "ok"):
            with_ = "with" if has_scores else "without"
            yield f"its status is '{record.status}', {with_} scores."
        if has_scores:
            yield from self._iter_false_scores(folder, record)

    def _iter_false_scores(self, folder: Path, record: Record | Row) -> Iterator[str]:
        """Yield contradictions between a record and the predictions beside it."""
        try:
            digest = record.predictions_digest
            predictions = read_predictions(folder, digest, self._last)
        except DamagedRecord as error:
            cause = str(error).rstrip(".")
            yield f"{cause}. A scenario without predictions is not ranked."
            return
        self._last = predictions
        if len(predictions) != (record.split.n_test or len(predictions)):
            yield (
                f"{PREDICTIONS_FILE} beside it has {len(predictions):,} of "
                f"{record.split.n_test:,} test rows."
            )
        expected = self._rows_digest or record.rows_digest
        if {predictions.rows_digest, record.rows_digest} != {expected}:
            yield f"{PREDICTIONS_FILE} beside it has other test rows than the board."
        try:
            derived = derive(predictions)
        except (IndexError, ValueError, MemoryError):  # codes out of range
            yield f"{PREDICTIONS_FILE} beside it has invalid class codes."
            return
        if not _are_equal(derived, record):
            yield f"its scores do not match {PREDICTIONS_FILE} beside it."
        if not _is_table_consistent(folder, predictions):
            name = CLUSTERS_FILE if predictions.is_clustering else CONFUSION_FILE
            yield f"{name} beside it does not match {PREDICTIONS_FILE}."


def _has_scores(record: Record | Row) -> bool:
    return record.scores is not None or record.clustering is not None


def find_rows(
    board: Path, identity: Identity, rows: Iterable[Row] | None = None
) -> str:
    """Return the digest of all test rows of a board; "" if unknown.

    Parameters
    ----------
    board : Path
        Folder of the board.
    identity : Identity
        Of the records that are asked about.
    rows : iterable of Row, optional
        The board's records, where they have been read.

    Returns
    -------
    str
        The digest in `board.json`; for a board of an earlier version, the digest of most
        of its records, and of equally many, that with more rows.
    """
    info = read_board(board)
    if info is not None and info.identity == identity and info.rows_digest:
        return info.rows_digest
    if rows is None:
        records = iter_rows(board.parent, board.name)
        rows = [row for row in records if not isinstance(row, Damaged)]
    known = [row for row in rows if row.rows_digest and Identity.of(row) == identity]
    counts = Counter(row.rows_digest for row in known)
    sizes = {row.rows_digest: row.split.n_test for row in known}
    return max(
        counts, key=lambda digest: (counts[digest], sizes[digest], digest), default=""
    )


def _are_equal(derived: Mapping[str, object], record: Record | Row) -> bool:
    """Return whether derived values match those of a record, up to rounding."""
    return all(
        _are_close(msgspec.to_builtins(value), msgspec.to_builtins(recorded))
        for name, value in derived.items()
        if (recorded := getattr(record, name, _UNREAD)) is not _UNREAD
    )


def _are_close(one: object, other: object) -> bool:
    """Compare plain values; numbers may differ by rounding."""
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, abs_tol=1e-9)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _are_close(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_are_close, one, other))
    return one == other


def _is_table_consistent(folder: Path, predictions: Predictions) -> bool:
    """Return whether the table beside a record matches its predictions, or is missing."""
    name, content = counts_file(predictions)
    _, earlier = counts_file(predictions, spreadsheet=True)
    try:
        existing = read_plain(folder / name, max(len(content), len(earlier)))
        return existing in (content, earlier)
    except FileNotFoundError:
        return True
    except OSError:  # larger, or not a regular file
        return False
