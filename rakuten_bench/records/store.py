"""Records on disk: results/<board>/<code>/ with one JSON, one CSV, one npz each.

The CSV is the confusion matrix, or for a clustering the rows by class and cluster.

The JSON is renamed into place last and has the digest of the predictions: if a run is
killed, a record has either all of its files or does not exist. An earlier record of the
same scenario stays until the new one is completely on disk.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench.atomic import remove, replace
from rakuten_bench.errors import UserError
from rakuten_bench.plain import read_plain
from rakuten_bench.records.derive import (
    clusters_csv,
    confusion_csv,
    with_scores,
)
from rakuten_bench.records.file import decode_json, encode_json, read_json, written
from rakuten_bench.records.prediction import Predictions, load_predicted
from rakuten_bench.records.schema import (
    SCHEMA_VERSION,
    Record,
    Row,
)
from rakuten_bench.wording.words import one_line

RECORD_FILE = "record.json"
CONFUSION_FILE = "confusion.csv"
CLUSTERS_FILE = "clusters.csv"
PREDICTIONS_FILE = "predictions.npz"

#: Remedy for an inconsistent record.
REMEDY = "Remove the folder and run again."
#: Remedy for a results folder that can't be written.
CHOOSE_RESULTS = "Name another folder with --results."

Shape = TypeVar("Shape", Record, Row)

_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    Record: msgspec.json.Decoder(Record),
    Row: msgspec.json.Decoder(Row),
}
#: Exceptions of reading a damaged file; the last three of a crafted one.
_READING = (
    *(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error),
    *(csv.Error, NotImplementedError, RecursionError, MemoryError),
)

#: Limit of a record's free values: a deeper one is crafted to exhaust the stack.
_MAX_DEPTH = 20
_MAX_TABLE = 1 << 30  # bytes of a CSV file


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that can't be read, and why."""

    path: Path
    message: str

    @property
    def cause(self) -> str:
        """The message without the remedy."""
        return self.message.removesuffix(REMEDY).rstrip()

    @property
    def code(self) -> str:
        """Code of the scenario, from the name of its folder."""
        return self.path.name

    @property
    def board(self) -> str:
        """Name of its board."""
        return self.path.parent.name


class DamagedRecord(UserError):
    """A record's files are missing, torn or of a later version."""


def write_record(
    results: Path, record: Record, predictions: Predictions | None = None
) -> Record:
    """Write a record and its predictions atomically.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    record : Record
        Its scores, class table and digests are derived from `predictions` here.
    predictions : Predictions or None
        None if the scenario failed.

    Returns
    -------
    Record
        As it was written.
    """
    files: dict[str, bytes] = {}
    if predictions is not None:
        record = with_scores(record, predictions)
        name, table = counts_file(predictions)
        files = {PREDICTIONS_FILE: predictions.to_bytes(), name: table}
    files[RECORD_FILE] = encode_json(record)
    folder = results / record.board / record.code
    folder.mkdir(parents=True, exist_ok=True)
    with written(folder, files) as partials:
        if _has_other_predictions(folder, record):
            remove(folder / RECORD_FILE)
        for name, partial in partials.items():
            replace(partial, folder / name)
    for name in {PREDICTIONS_FILE, CONFUSION_FILE, CLUSTERS_FILE} - files.keys():
        remove(folder / name)
    return record


def _has_other_predictions(folder: Path, record: Record) -> bool:
    """Return whether the existing record has other predictions than a new one.

    It is removed before the new files are renamed, or a kill in between would leave it
    beside predictions of the new record.
    """
    try:
        before = _read(folder, Row).predictions_digest
    except DamagedRecord:
        return has_record(folder)
    after = record.predictions_digest
    return before not in ("", after) and bool(after)


def counts_file(
    predictions: Predictions, *, spreadsheet: bool = False
) -> tuple[str, bytes]:
    """Return the name and the content of the CSV file of a record.

    Parameters
    ----------
    predictions : Predictions
    spreadsheet : bool
        Neutralize labels that a spreadsheet would run as formulas, as in earlier
        versions.
    """
    if predictions.is_clustering:
        text = clusters_csv(predictions, spreadsheet=spreadsheet)
        return CLUSTERS_FILE, text.encode()
    return CONFUSION_FILE, confusion_csv(predictions, spreadsheet=spreadsheet).encode()


def has_record(folder: Path) -> bool:
    """Return whether a folder has a record, without reading it."""
    return os.path.lexists(folder / RECORD_FILE)


def read_record(folder: Path) -> Record:
    """Read a whole record.

    Raises
    ------
    DamagedRecord
        If it is missing, torn or of a later version.
    """
    return _read(folder, Record)


def read_row(folder: Path) -> Row:
    """Read the fields of a record that a board needs; errors as in `read_record`."""
    return _read(folder, Row)


def _read(folder: Path, kind: type[Shape]) -> Shape:
    path = folder / RECORD_FILE
    with _reading(path):
        record: Shape = decode_json(read_json(path), _DECODERS[kind])
        _check_free_values(record)
    if record.schema_version > SCHEMA_VERSION:
        message = (
            f"{path}: has schema version {record.schema_version}; this version "
            f"supports up to {SCHEMA_VERSION}. Upgrade rakuten-bench."
        )
        raise DamagedRecord(message)
    return record


def _check_free_values(record: Record | Row) -> None:
    """Refuse values that the schema allows, but this package never writes.

    Raises
    ------
    ValueError
    """
    source = record.dataset.source
    kinds = {"name": str, "params": dict, "base_dir": str}
    if source and not all(isinstance(source.get(k), t) for k, t in kinds.items()):
        message = "its dataset.source is invalid"
        raise ValueError(message)
    details = getattr(record, "details", None)
    free = (source, record.split.params, record.params, record.members, details)
    if any(_depth(value, _MAX_DEPTH) < 0 for value in free):
        message = "it is nested too deeply"
        raise ValueError(message)
    if not -(2**63) <= record.seed < 2**63:
        message = "its seed is not a 64-bit integer"
        raise ValueError(message)


def _depth(value: object, left: int) -> int:
    """Return the remaining levels below a value; negative if it is nested too deeply."""
    if left < 0 or not isinstance(value, dict | list):
        return left
    items = value.values() if isinstance(value, dict) else value
    return min((_depth(item, left - 1) for item in items), default=left)


def read_predictions(
    folder: Path, digest: str | None = None, like: Predictions | None = None
) -> Predictions:
    """Read the predictions of a record.

    Parameters
    ----------
    folder : Path
    like : Predictions, optional
        Predictions of another scenario of the board, to read faster.
    digest : str, optional
        The `predictions_digest` of the record, to detect another record's file.

    Raises
    ------
    DamagedRecord
        If the file is missing, torn or of another record.
    """
    path = folder / PREDICTIONS_FILE
    with _reading(path):
        predictions = Predictions.load(path, like)
    if digest is not None and digest != predictions.digest:
        message = f"{path}: does not match the digest in {RECORD_FILE} beside it."
        raise DamagedRecord(message)
    return predictions


def read_predicted(folder: Path) -> NDArray[np.int32]:
    """Read only the predicted codes, as indices into the classes.

    Takes a sixth of the time of `read_predictions`, for boards of many scenarios.

    Raises
    ------
    DamagedRecord
        If the file is missing or torn.
    """
    path = folder / PREDICTIONS_FILE
    with _reading(path):
        return load_predicted(path)


def read_confusion(folder: Path) -> NDArray[np.int64]:
    """Read the confusion matrix of a record.

    Raises
    ------
    DamagedRecord
        If it is missing, torn or not a square of counts.
    """
    path = folder / CONFUSION_FILE
    names, counts = _read_counts(path)
    with _reading(path):
        return counts.reshape(len(names), len(names))


def read_clusters(
    folder: Path, n_classes: int | None = None
) -> tuple[list[str], NDArray[np.int64]]:
    """Read the rows of each class and cluster of a clustering.

    Parameters
    ----------
    folder : Path
    n_classes : int, optional
        Of the record, to detect missing classes, which the table's shape does not show.

    Returns
    -------
    names : list of str
        Names of the clusters.
    counts : int64 array of shape (n_classes, n_clusters)

    Raises
    ------
    DamagedRecord
        If the file is missing, torn or not a table of counts.
    """
    path = folder / CLUSTERS_FILE
    names, counts = _read_counts(path)
    with _reading(path):
        return names, counts.reshape(n_classes or len(counts), len(names))


def _read_counts(path: Path) -> tuple[list[str], NDArray[np.int64]]:
    with _reading(path):
        text = read_plain(path, _MAX_TABLE).decode()
        head, *lines = csv.reader(io.StringIO(text, newline=""))
        counts = np.array([line[1:] for line in lines], dtype=np.int64)
        return head[1:], counts.reshape(len(lines), len(head) - 1)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn errors of the block into a `DamagedRecord` that names the file."""
    try:
        yield
    except _READING as error:
        raise DamagedRecord(_unreadable(path, error)) from error


def _unreadable(path: Path, error: Exception) -> str:
    """Return the message for an unreadable file, with its name only once."""
    return f"{path}: can't be read: {getattr(error, 'strerror', None) or error}"


def iter_boards(results: Path) -> Iterator[str]:
    """Yield the names of the boards that have a record, in order."""
    if results.is_dir():
        for folder in sorted(results.iterdir()):
            if folder.is_dir() and any(map(has_record, folder.iterdir())):
                yield folder.name


def iter_records(results: Path, board: str | None = None) -> Iterator[Record | Damaged]:
    """Yield the records of one board or of all, in the order of their codes."""
    return _iter(results, board, Record)


def iter_rows(results: Path, board: str | None = None) -> Iterator[Row | Damaged]:
    """Yield the fields of each record that a board needs."""
    return _iter(results, board, Row)


def _iter(
    results: Path, board: str | None, kind: type[Shape]
) -> Iterator[Shape | Damaged]:
    boards = iter_boards(results) if board is None else [board]
    for folder in (f for name in boards for f in _folders(results / name)):
        try:
            record = _read(folder, kind)
        except DamagedRecord as error:
            if has_record(folder):  # else the rest of a killed run, without a record
                yield Damaged(folder, one_line(str(error)))
        else:
            fault = say_misplaced(folder, record)
            yield Damaged(folder, one_line(fault)) if fault else record


def say_misplaced(folder: Path, record: Record | Row) -> str:
    """Return an error if a record is in the folder of another scenario; else ""."""
    if record.code == folder.name:
        return ""
    return (
        f"{folder / RECORD_FILE}: is the record of '{record.code}', but is in the folder "
        f"'{folder.name}'. {REMEDY}"
    )


def _folders(board: Path) -> Iterator[Path]:
    """Yield the folders of a board by name; sorting paths takes ten times as long."""
    if board.is_dir():
        with os.scandir(board) as entries:
            names = sorted(entry.name for entry in entries if _is_folder(entry))
        for name in names:
            yield board / name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):  # a link to itself
        return entry.is_dir()
    return False
