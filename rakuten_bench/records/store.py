"""Records on disk: results/<board>/<code>/ with one JSON, one CSV, one npz each.

The CSV is the confusion matrix, or for a clustering the rows by class and cluster.

The JSON is put in place last and holds the digest of the predictions, so whatever moment
a run is killed at, a record is there with all its files or it is not there. An earlier
record of the same scenario stays until all of the new one is on the disk.
"""

from __future__ import annotations

import contextlib
import csv
import io
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench import metrics
from rakuten_bench.errors import UserError
from rakuten_bench.records.prediction import Predictions, load_predicted
from rakuten_bench.records.schema import (
    SCHEMA_VERSION,
    ClassScores,
    ClusterScores,
    Record,
    Row,
    Scores,
)
from rakuten_bench.types import Dataset, Split

RECORD_FILE = "record.json"
CONFUSION_FILE = "confusion.csv"
CLUSTERS_FILE = "clusters.csv"
PREDICTIONS_FILE = "predictions.npz"

_CONTROLS = dict.fromkeys((*range(32), 127), " ")

Shape = TypeVar("Shape", Record, Row)

_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    Record: msgspec.json.Decoder(Record),
    Row: msgspec.json.Decoder(Row),
}
#: What reading a damaged file raises.
_READING = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that can't be read, and why."""

    path: Path
    message: str

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


def board_name(dataset: Dataset, split: Split) -> str:
    """Return the name of the folder that holds the records of a data set and split."""
    return f"{dataset.name}@{split.name}" if split.name else dataset.name


def write_record(
    results: Path, record: Record, predictions: Predictions | None = None
) -> Path:
    """Write a record and its predictions so that a kill at any moment tears nothing.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    record : Record
        Its scores, class table and digests are derived from `predictions` here.
    predictions : Predictions or None
        None for a scenario that did not succeed.

    Returns
    -------
    Path
        The folder of the record.
    """
    if predictions is not None:
        record = with_scores(record, predictions)
    return write_scored(results, record, predictions)


def write_scored(
    results: Path, record: Record, predictions: Predictions | None = None
) -> Path:
    """Write a record that `with_scores` made, or that has none; as `write_record`."""
    folder = results / record.board / record.code
    folder.mkdir(parents=True, exist_ok=True)
    files = {RECORD_FILE: encode_record(record)}
    if predictions is not None:
        name, table = _counts(predictions)
        files = {PREDICTIONS_FILE: predictions.to_bytes(), name: table, **files}
    with _written(folder, files) as besides:
        if _speaks_of_others(folder, record):
            (folder / RECORD_FILE).unlink()
        for name, beside in besides.items():
            beside.replace(folder / name)
    for name in {PREDICTIONS_FILE, CONFUSION_FILE, CLUSTERS_FILE} - files.keys():
        (folder / name).unlink(missing_ok=True)
    return folder


@contextlib.contextmanager
def _written(folder: Path, files: Mapping[str, bytes]) -> Iterator[dict[str, Path]]:
    """Write files under other names, all of them or none; give these names."""
    besides: dict[str, Path] = {}
    try:
        for name, content in files.items():
            besides[name] = folder / f".{name}.{os.getpid()}.tmp"
            _write_through(besides[name], content)
        yield besides
    finally:
        for beside in besides.values():
            beside.unlink(missing_ok=True)


def _speaks_of_others(folder: Path, record: Record) -> bool:
    """Tell whether the record that is there has other predictions than a new one.

    It goes before these are put in place: it could not be told from a whole one. One
    that failed has none, and one of the same predictions may stay beside the new ones.
    """
    try:
        before = _read(folder, Row).predictions_digest
    except DamagedRecord:
        return has_record(folder)
    ours = record.predictions_digest
    return before not in ("", ours) and bool(ours)


def encode_record(record: Record) -> bytes:
    """Return the record as JSON for people, git and other tools."""
    text = msgspec.json.encode(record, order=None)
    return msgspec.json.format(text, indent=1) + b"\n"


def with_scores(record: Record, predictions: Predictions) -> Record:
    """Return the record with everything that derives from its predictions."""
    derived = _clustered if predictions.is_clustering else _classified
    return msgspec.structs.replace(
        record,
        **derived(predictions),
        classes=list(predictions.classes),
        predictions_digest=predictions.digest,
        rows_digest=predictions.rows_digest,
    )


def _clustered(predictions: Predictions) -> dict[str, Any]:
    return {"clustering": cluster_scores(predictions), "scores": None, "per_class": []}


def _classified(predictions: Predictions) -> dict[str, Any]:
    table = metrics.class_table(_confusion(predictions))
    columns = (table.precision, table.recall, table.f1, table.support)
    rows = zip(predictions.classes, *(c.tolist() for c in columns), strict=True)
    return {
        "clustering": None,
        "scores": scores_of(predictions),
        "per_class": [
            ClassScores(label=label, precision=p, recall=r, f1=f, support=n)
            for label, p, r, f, n in rows
        ],
    }


def scores_of(predictions: Predictions) -> Scores:
    """Return the scores over all rows, and over each fold where there are several."""
    numbers = np.unique(predictions.fold)
    folds = [
        _scores(predictions.take(predictions.fold == number)) for number in numbers
    ]
    whole = _scores(predictions)
    return msgspec.structs.replace(whole, folds=folds if len(folds) > 1 else [])


def cluster_scores(predictions: Predictions) -> ClusterScores:
    """Return the scores of a clustering; of several folds their mean by rows."""
    folds = [_cluster_scores(table) for table in _cluster_tables(predictions)]
    if len(folds) == 1:
        return folds[0]
    sizes = np.unique(predictions.fold, return_counts=True)[1]
    return ClusterScores(
        ari=float(np.average([fold.ari for fold in folds], weights=sizes)),
        purity=float(np.average([fold.purity for fold in folds], weights=sizes)),
        n_clusters=max(fold.n_clusters for fold in folds),
        folds=folds,
    )


def _cluster_scores(table: NDArray[np.int64]) -> ClusterScores:
    return ClusterScores(
        ari=metrics.adjusted_rand_index(table),
        purity=metrics.purity(table),
        n_clusters=int(np.count_nonzero(table.sum(axis=0))),
    )


def _cluster_tables(predictions: Predictions) -> list[NDArray[np.int64]]:
    """Return the rows of each class and cluster, for each fold."""
    n_classes = len(predictions.classes)
    parts = [
        predictions.take(predictions.fold == number)
        for number in np.unique(predictions.fold)
    ]
    return [metrics.count_clusters(p.true, p.predicted, n_classes) for p in parts]


def _scores(predictions: Predictions) -> Scores:
    return msgspec.convert(metrics.scores(_confusion(predictions)), Scores)


def _confusion(predictions: Predictions) -> NDArray[np.int64]:
    return metrics.confusion_matrix(
        predictions.true, predictions.predicted, len(predictions.classes)
    )


def confusion_csv(predictions: Predictions) -> str:
    """Return the matrix with labels, one true class per line."""
    labels = [safe_cell(label) for label in predictions.classes]
    counts = _confusion(predictions).tolist()
    return _labelled_csv(["true \\ predicted", *labels], labels, counts)


def _counts(predictions: Predictions) -> tuple[str, bytes]:
    """Return the name and the content of the CSV file of a record."""
    if predictions.is_clustering:
        return CLUSTERS_FILE, clusters_csv(predictions).encode()
    return CONFUSION_FILE, confusion_csv(predictions).encode()


def clusters_csv(predictions: Predictions) -> str:
    """Return the rows by class and cluster, one class per line."""
    names, counts = count_clusters(predictions)
    labels = [safe_cell(label) for label in predictions.classes]
    return _labelled_csv(["true \\ cluster", *names], labels, counts.tolist())


def count_clusters(predictions: Predictions) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of the clusters and their rows of each class.

    Clusters of several folds stand side by side as "fold.cluster".

    Returns
    -------
    names : list of str
    counts : int64 array of shape (n_classes, n_clusters)
    """
    tables = _cluster_tables(predictions)
    several = len(tables) > 1
    names = [
        f"{fold}.{cluster}" if several else str(cluster)
        for fold, table in enumerate(tables)
        for cluster in range(table.shape[1])
    ]
    return names, np.hstack(tables)


def _labelled_csv(head: list[str], labels: list[str], counts: list[list[int]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([label, *row] for label, row in zip(labels, counts, strict=True))
    return text.getvalue()


def safe_cell(text: str) -> str:
    r"""Keep a spreadsheet from running a text as a formula, and a line from breaking.

    Source: OWASP, "CSV Injection". Control characters become spaces: Python's writer
    leaves a lone carriage return unquoted, which its own reader then refuses.

    >>> safe_cell("=cmd()"), safe_cell("-5 %"), safe_cell("1\r0")
    ("'=cmd()", "'-5 %", '1 0')
    """
    line = text.translate(_CONTROLS)
    return f"'{line}" if line.lstrip().startswith(("=", "+", "-", "@")) else line


def replace_file(path: Path, content: bytes) -> None:
    """Write beside the file, force it to the disk, then rename."""
    with _written(path.parent, {path.name: content}) as besides:
        besides[path.name].replace(path)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def has_record(folder: Path) -> bool:
    """Tell whether a folder holds a record, without reading it."""
    return (folder / RECORD_FILE).exists()


def read_record(folder: Path) -> Record:
    """Read a whole record.

    Raises
    ------
    DamagedRecord
        If it is missing, torn or of a later version.
    """
    return _read(folder, Record)


def _read(folder: Path, kind: type[Shape]) -> Shape:
    path = folder / RECORD_FILE
    try:
        record: Shape = _DECODERS[kind].decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise DamagedRecord(_unreadable(path, error)) from error
    if record.schema_version > SCHEMA_VERSION:
        message = (
            f"{path}: has schema version {record.schema_version}, this "
            f"program knows up to {SCHEMA_VERSION}. Update rakuten-bench."
        )
        raise DamagedRecord(message)
    return record


def read_predictions(folder: Path, digest: str | None = None) -> Predictions:
    """Read the predictions of a record.

    Parameters
    ----------
    folder : Path
    digest : str, optional
        The `predictions_digest` of the record, to find a file that is not its own.

    Raises
    ------
    DamagedRecord
        If the file is missing, torn or another one.
    """
    path = folder / PREDICTIONS_FILE
    with _reading(path):
        predictions = Predictions.load(path)
    if digest is not None and digest != predictions.digest:
        message = (
            f"{path}: is not the file that {RECORD_FILE} beside it was written with."
        )
        raise DamagedRecord(message)
    return predictions


def check_scores(folder: Path, record: Record | Row) -> None:
    """Refuse a record that does not say what follows from its predictions.

    Raises
    ------
    DamagedRecord
        If they can't be read, are not its own, or give other scores.
    """
    predictions = read_predictions(folder, record.predictions_digest)
    derive = cluster_scores if predictions.is_clustering else scores_of
    stored = record.clustering if predictions.is_clustering else record.scores
    if stored is None or not _are_close(derive(predictions), stored):
        raise DamagedRecord(contradiction(folder))


def contradiction(folder: Path) -> str:
    """Return what is said of a record whose predictions give other scores.

    Without predictions it was its matrix that gave others.
    """
    is_whole = (folder / PREDICTIONS_FILE).exists()
    name = PREDICTIONS_FILE if is_whole else CONFUSION_FILE
    return (
        f"{folder / RECORD_FILE}: its scores are not those of {name} beside it. Remove "
        f"the folder and run again."
    )


def say_contradiction(folder: Path, record: Record | Row) -> str:
    """Say that a record is not what follows from its predictions, as `check_scores`.

    "" where it is, or where no predictions can be read: there is nothing to hold it to.
    """
    try:
        read_predicted(folder)
    except DamagedRecord:
        return ""
    try:
        check_scores(folder, record)
    except DamagedRecord as error:
        return str(error)
    return ""


def _are_close(one: msgspec.Struct, other: msgspec.Struct) -> bool:
    """Tell whether scores over all rows are equal but for what a machine rounds."""
    pairs = zip(
        msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True
    )
    return all(
        math.isclose(a, b, abs_tol=1e-9) for a, b in pairs if not isinstance(a, list)
    )


def read_predicted(folder: Path) -> NDArray[np.int32]:
    """Read only what was predicted, as indices into the classes.

    A board of a thousand scenarios needs no more of each, and this takes a sixth of
    the time of `read_predictions`.

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
        Of the record, to find a table that lacks some: unlike a confusion matrix, its
        own shape does not tell.

    Returns
    -------
    names : list of str
        Of the clusters.
    counts : int64 array of shape (n_classes, n_clusters)

    Raises
    ------
    DamagedRecord
        If the file is missing, torn or holds no counts.
    """
    path = folder / CLUSTERS_FILE
    names, counts = _read_counts(path)
    with _reading(path):
        return names, counts.reshape(n_classes or len(counts), len(names))


def _read_counts(path: Path) -> tuple[list[str], NDArray[np.int64]]:
    with _reading(path), path.open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
        counts = np.array([line[1:] for line in lines], dtype=np.int64)
        return head[1:], counts.reshape(len(lines), len(head) - 1)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which file it was that can't be read."""
    try:
        yield
    except _READING as error:
        raise DamagedRecord(_unreadable(path, error)) from error


def _unreadable(path: Path, error: Exception) -> str:
    """Say why a file can't be read, and its name once."""
    return f"{path}: can't be read: {getattr(error, 'strerror', None) or error}"


def iter_boards(results: Path) -> Iterator[str]:
    """Yield the names of the boards that hold a record, in order."""
    if results.is_dir():
        for folder in sorted(results.iterdir()):
            if folder.is_dir() and any(map(has_record, folder.iterdir())):
                yield folder.name


def iter_records(results: Path, board: str | None = None) -> Iterator[Record | Damaged]:
    """Yield the records of one board or of all, in the order of their codes."""
    return _iter(results, board, Record)


def iter_rows(results: Path, board: str | None = None) -> Iterator[Row | Damaged]:
    """Yield the part of each record that a board needs."""
    return _iter(results, board, Row)


def _iter(
    results: Path, board: str | None, kind: type[Shape]
) -> Iterator[Shape | Damaged]:
    boards = iter_boards(results) if board is None else [board]
    for folder in (f for name in boards for f in _folders(results / name)):
        try:
            yield _read(folder, kind)
        except DamagedRecord as error:
            if has_record(folder):  # else it is what a killed run left: no record yet
                yield Damaged(folder, str(error))


def _folders(board: Path) -> Iterator[Path]:
    """Yield the folders of a board by name; to sort paths takes ten times as long."""
    if board.is_dir():
        with os.scandir(board) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
        for name in names:
            yield board / name
