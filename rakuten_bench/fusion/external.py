"""Probabilities that another program computed, matched by row id and class name."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from rakuten_bench.errors import UserError, listed
from rakuten_bench.npz import DAMAGES, list_arrays, open_npz, read_array, read_head
from rakuten_bench.plain import iter_lines
from rakuten_bench.types import Labels, Wanted

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["probabilities", "logits"]

#: How far from 1 a row may sum: probabilities are often written with three digits.
_TOLERANCE = 0.01
_NAMES = ("id", "classes")
_ARRAYS = (*_NAMES, "probability")
_FLOAT_ID = re.compile(r"-?\d+\.0")


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """The content of such a file.

    Attributes
    ----------
    path : str
    classes : tuple of str
        Of the columns, in the file's order.
    ids : list of str, of length n_rows
    values : float64 array of shape (n_rows, n_classes)
        As they were written.
    """

    path: str
    ids: list[str]
    classes: tuple[str, ...]
    values: NDArray[np.float64]

    def check_classes(self, needed: Sequence[str], known: Sequence[str]) -> None:
        """Compare the classes with those of the training rows and of the data set.

        Raises
        ------
        UserError
        """
        missing = [name for name in needed if name not in self.classes]
        extra = [name for name in self.classes if name not in known]
        problems = [
            f"{what} {listed(names)}"
            for names, what in ((missing, "it lacks"), (extra, "unknown are"))
            if names
        ]
        if problems:
            message = (
                f"{self.path}: its {len(self.classes)} classes are not the data set's "
                f"{len(known)}: {'; '.join(problems)}. Name each column as its label, "
                f"and leave out what is no class."
            )
            raise UserError(message)

    def check_rows(self, ids: Sequence[str]) -> None:
        """Compare the ids with those of the rows to be predicted.

        Raises
        ------
        UserError
            If some are missing.
        """
        known = {*self.ids}
        missing = [id_ for id_ in ids if id_ not in known]
        if missing:
            message = (
                f"{self.path}: no prediction for {len(missing):,} of {len(ids):,} rows "
                f"({listed(missing)}); its own ids are {listed(self.ids)}. It "
                f"needs the test rows, and the training rows too for fusion 'weighted' "
                f"or 'stacking'."
            )
            raise UserError(message)

    def probabilities(self, kind: Kind) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes).

        Raises
        ------
        UserError
            If the values are none, or no logits where these are meant.
        """
        convert = _from_logits if kind == "logits" else _from_probabilities
        try:
            return convert(self)
        except ValueError as error:
            message = f"{self.path}: {error}"
            raise UserError(message) from None


class ExternalPredictions(ClassifierMixin, BaseEstimator):
    """A classifier that looks its predictions up in a file.

    The file holds the test rows, and for a fusion with tuned weights or stacking the
    training rows too, predicted by models that had not seen them.

    Parameters
    ----------
    path : str
        An npz file with arrays `id`, `classes` and `probability`, as in the program's
        own predictions.npz, or a CSV file with a column `id` and one for each class.
    classes : sequence of str
        Of the data set, in the order of their codes.
    kind : {"probabilities", "logits"}
        What the numbers are; logits go through a softmax.

    Attributes
    ----------
    classes_ : int array of shape (n_classes_in_file,)
        Codes of the classes that the file has.
    rows_ : dict of str to int
        Row id to row of `probability_`.
    probability_ : float64 array of shape (n_rows_in_file, n_classes_in_file)
    """

    def __init__(
        self, path: str, classes: Sequence[str], kind: Kind = "probabilities"
    ) -> None:
        self.path = path
        self.classes = classes
        self.kind = kind

    def fit(self, X: pd.DataFrame, y: Labels) -> Self:
        """Read the file; the labels only tell which classes it must have.

        Parameters
        ----------
        X : DataFrame with column `id`
        y : int array of shape (n_rows,)

        Raises
        ------
        UserError
            If the file can't be read, or its classes are not the data set's.
        """
        file = self.file_ = read_predictions(self.path)
        file.check_classes([self.classes[code] for code in np.unique(y)], self.classes)
        place = {name: column for column, name in enumerate(file.classes)}
        codes = [code for code, name in enumerate(self.classes) if name in place]
        self.classes_ = np.array(codes, dtype=np.int64)
        columns = [place[self.classes[code]] for code in codes]
        self.probability_ = file.probabilities(self.kind)[:, columns]
        self.rows_ = {id_: row for row, id_ in enumerate(file.ids)}
        return self

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probabilities of rows, found by their id.

        Raises
        ------
        UserError
            If the file lacks some of them.
        """
        ids = X["id"].tolist()
        if any(id_ not in self.rows_ for id_ in ids):
            self.file_.check_rows(ids)
        return self.probability_[[self.rows_[id_] for id_ in ids]]

    def predict(self, X: pd.DataFrame) -> NDArray[np.generic]:
        """Return the most probable class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def find_problems(path: str, kind: Kind, wanted: Wanted) -> Iterator[str]:
    """Yield everything that is wrong with a file for the rows and classes of a plan."""
    try:
        file = read_predictions(path)
    except UserError as error:
        yield str(error)
        return
    for check in (
        lambda: file.check_classes(wanted.learned, wanted.classes),
        lambda: file.check_rows(wanted.ids),
        lambda: file.probabilities(kind),
    ):
        try:
            check()
        except UserError as error:
            yield str(error)


def read_predictions(path: str) -> PredictionFile:
    """Read a file of probabilities, or of logits.

    Raises
    ------
    UserError
        If it is not there, not in one of the two formats, or an id or a class occurs
        twice.
    """
    _refuse_no_file(path)
    read = _read_npz if path.lower().endswith(".npz") else _read_csv
    try:
        ids, classes, values = read(Path(path))
    except (OSError, csv.Error, *DAMAGES) as error:
        reason = getattr(error, "strerror", None) or error
        message = (
            f"{path}: is no file of predictions: {reason}. Expected is a CSV file with a "
            f"column 'id' and one column for each class, or an npz file with the "
            f"arrays {listed(_ARRAYS)}."
        )
        raise UserError(message) from None
    ids = _whole_ids(ids)
    _check_names(path, ids, classes)
    return PredictionFile(path, ids, tuple(classes), values)


def _refuse_no_file(path: str) -> None:
    problem = ""
    if not path:
        problem = "no file is named"
    elif os.path.isdir(path):  # noqa: PTH112  (False for a name that no file can have)
        problem = f"'{path}' is a folder"
    elif not os.path.isfile(path):  # noqa: PTH113
        problem = f"no file '{path}'"
    if problem:
        message = (
            f"model 'external': {problem}. Give the path of a file, from the scenario "
            f"file's own folder, as 'path'."
        )
        raise UserError(message)


def _read_npz(path: Path) -> tuple[list[str], list[str], NDArray[np.float64]]:
    with open_npz(path, _NAMES) as file:
        known = list_arrays(file)
        missing = [name for name in _ARRAYS if name not in known]
        if missing:
            has = f"it has {listed(known)}" if known else "it has none"
            message = f"it lacks {_named('array', missing)}; {has}"
            raise ValueError(message)
        ids, classes = (read_array(file, name).astype(str) for name in _NAMES)
        for name, array in zip(_NAMES, (ids, classes), strict=True):
            if array.ndim != 1:
                message = f"array '{name}' has {array.ndim} dimensions instead of 1"
                raise ValueError(message)
        shape, _ = read_head(file, "probability")
        if shape != (ids.size, classes.size):  # before it takes that much memory
            message = (
                f"array 'probability' has shape {shape}; {ids.size:,} ids and "
                f"{classes.size} classes need ({ids.size}, {classes.size})"
            )
            raise ValueError(message)
        values = np.asarray(read_array(file, "probability"), dtype=np.float64)
        return ids.tolist(), classes.tolist(), values


def _read_csv(path: Path) -> tuple[list[str], list[str], NDArray[np.float64]]:
    found = iter_lines(path)
    first = next(found, "")
    delimiter = _find_delimiter(first)
    reader = csv.reader(chain([first], found), delimiter=delimiter)
    head = [name.strip() for name in next(reader, [])]
    if head.count("id") != 1:
        n_ids = "2 columns" if "id" in head else "no column"
        # a file without columns may be any other: its first line is not quoted
        has = f"; it has {listed(head)}" if len(head) > 1 else ""
        message = f"{n_ids} 'id'{has}"
        raise ValueError(message)
    lines = [
        (reader.line_num, _whole(line, head, reader.line_num))
        for line in reader
        if line
    ]
    at = head.index("id")
    comma = "," if delimiter != "," else ""  # decimals as in 0,25
    values = [
        [
            _number(cell, comma, number, name)
            for name, cell in zip(head, line, strict=True)
            if name != "id"
        ]
        for number, line in lines
    ]
    ids = [line[at].strip() for _, line in lines]
    return ids, head[:at] + head[at + 1 :], np.array(values, dtype=np.float64)


def _whole(line: list[str], head: list[str], number: int) -> list[str]:
    """Refuse a line as soon as it is read: there may be any number of them."""
    if len(line) != len(head):
        message = f"line {number} has {len(line)} fields, the header {len(head)}"
        raise ValueError(message)
    return line


def _find_delimiter(head: str) -> str:
    """Return what separates the columns: of those that give a column `id`, the most used."""
    fitting = [
        mark
        for mark in (",", ";", "\t", "|")
        if "id" in [name.strip().strip('"') for name in head.strip().split(mark)]
    ]
    return max(fitting, key=head.count, default=",")


def _number(cell: str, comma: str, line: int, name: str) -> float:
    text = cell.strip()
    try:
        return float(text.replace(comma, ".") if comma else text)
    except ValueError:
        problem = f"'{cell}' is no number" if text else "there is no number"
        message = f"line {line}, column '{name}': {problem}"
        raise ValueError(message) from None


def _whole_ids(ids: list[str]) -> list[str]:
    """Return ids that some program wrote as floats without their ".0"."""
    if ids and all(map(_FLOAT_ID.fullmatch, ids)):
        return [id_.removesuffix(".0") for id_ in ids]
    return ids


def _check_names(path: str, ids: list[str], classes: list[str]) -> None:
    problem = ""
    if not ids:
        problem = "has no rows"
    elif len(classes) < 2:
        problem = f"has {len(classes)} classes; two are needed"
    elif twice := _repeated(ids):
        problem = f"more than one row has the id {listed(twice)}"
    elif twice := _repeated(classes):
        problem = f"more than one column has the name {listed(twice)}"
    if problem:
        message = f"{path}: {problem}. Write it again."
        raise UserError(message)


def _repeated(names: list[str]) -> list[str]:
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)


def _from_probabilities(file: PredictionFile) -> NDArray[np.float64]:
    ids, values = file.ids, file.values
    _refuse(file, ~(np.isfinite(values) & (values >= 0)))
    sums = values.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1) > _TOLERANCE)
    if wrong.size:
        message = (
            f"{wrong.size:,} of {len(ids):,} rows do not sum to 1, the first being "
            f"row '{ids[wrong[0]]}' with {sums[wrong[0]]:.4g}. {_sum_advice(sums)}"
        )
        raise ValueError(message)
    return values


def _sum_advice(sums: NDArray[np.float64]) -> str:
    if np.allclose(sums, 100, rtol=_TOLERANCE):
        return "They look like percentages: divide them by 100."
    return (
        "Give each row's probabilities of all classes, and no other column; scores "
        "before a softmax need 'kind: logits'."
    )


def _from_logits(file: PredictionFile) -> NDArray[np.float64]:
    values = file.values
    _refuse(file, ~np.isfinite(values))
    sums = values.sum(axis=1)
    if (values >= 0).all() and np.allclose(sums, 1, rtol=0, atol=_TOLERANCE):
        message = (
            "kind is 'logits', but no number is negative and every row sums to 1. Leave "
            "out 'kind' for probabilities."
        )
        raise ValueError(message)
    return np.asarray(softmax(values, axis=1))


def _refuse(file: PredictionFile, bad: NDArray[np.generic]) -> None:
    """Refuse numbers that can't be, with the first of them."""
    rows, columns = np.nonzero(bad)
    if not rows.size:
        return
    value = file.values[rows[0], columns[0]]
    message = (
        f"{np.unique(rows).size:,} of {len(file.ids):,} rows have a number that is negative, "
        f"infinite or missing, the first being row '{file.ids[rows[0]]}', class "
        f"'{file.classes[columns[0]]}': {value:.4g}."
    )
    if value < 0 and np.isfinite(value):
        message += " Scores before a softmax need 'kind: logits'."
    raise ValueError(message)


def _named(noun: str, names: list[str]) -> str:
    return f"the {noun}{'s' if len(names) > 1 else ''} {listed(names)}"
