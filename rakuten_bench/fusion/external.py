"""Predictions of another program, read from a file, by row id and class name."""

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
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["probabilities", "logits"]

#: Tolerance of a row's sum: probabilities are often written with three digits.
_TOLERANCE = 0.01
_NAMES = ("id", "classes")
_ARRAYS = (*_NAMES, "probability")
_FLOAT_ID = re.compile(r"-?\d+\.0")


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """The content of a predictions file.

    Attributes
    ----------
    path : str
    classes : tuple of str
        Class of each column, in the file's order.
    ids : list of str, of length n_rows
    values : float64 array of shape (n_rows, n_classes)
        Unchecked and unconverted.
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
            f"{label} {listed(names)}"
            for names, label in ((missing, "missing"), (extra, "unknown"))
            if names
        ]
        if problems:
            message = (
                f"{self.path}: its {len(self.classes)} classes differ from the data "
                f"set's {len(known)}: {'; '.join(problems)}. Name each column by its "
                f"label, and remove columns that are not classes."
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
                f"({listed(missing)}); the ids in the file are {listed(self.ids)}. "
                f"Predictions for the test rows are required, and for the training "
                f"rows too with fusion 'weighted' or 'stacking'."
            )
            raise UserError(message)

    def probabilities(self, kind: Kind) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes).

        Raises
        ------
        UserError
            If the values are not valid probabilities or logits.
        """
        convert = _from_logits if kind == "logits" else _from_probabilities
        try:
            return convert(self)
        except ValueError as error:
            message = f"{self.path}: {error}"
            raise UserError(message) from None


class ExternalPredictions(ClassifierMixin, BaseEstimator):
    """A classifier that looks up its predictions in a file.

    The file contains predictions for the test rows. A fusion with tuned weights or
    stacking also needs out-of-fold predictions for the training rows.

    Parameters
    ----------
    path : str
        An npz file with arrays `id`, `classes` and `probability`, such as the
        predictions.npz of a record, or a CSV file with a column `id` and one for each
        class.
    classes : sequence of str
        Classes of the data set, in the order of their codes.
    kind : {"probabilities", "logits"}
        Kind of the values; logits are converted by a softmax.

    Attributes
    ----------
    classes_ : int array of shape (n_classes_in_file,)
        Codes of the classes in the file.
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
        """Read the file; the labels determine only which classes are required.

        Parameters
        ----------
        X : DataFrame with column `id`
        y : int array of shape (n_rows,)

        Raises
        ------
        UserError
            If the file can't be read, or its classes don't match the data set's.
        """
        file = self.file_ = read_predictions(self.path)
        file.check_classes([self.classes[code] for code in np.unique(y)], self.classes)
        column_of = {name: column for column, name in enumerate(file.classes)}
        codes = [code for code, name in enumerate(self.classes) if name in column_of]
        self.classes_ = np.array(codes, dtype=np.int64)
        columns = [column_of[self.classes[code]] for code in codes]
        self.probability_ = file.probabilities(self.kind)[:, columns]
        self.rows_ = {id_: row for row, id_ in enumerate(file.ids)}
        return self

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probabilities of rows, looked up by their id.

        Raises
        ------
        UserError
            If rows are missing from the file.
        """
        ids = X["id"].tolist()
        if any(id_ not in self.rows_ for id_ in ids):
            self.file_.check_rows(ids)
        return self.probability_[[self.rows_[id_] for id_ in ids]]

    def predict(self, X: pd.DataFrame) -> NDArray[np.generic]:
        """Return the most probable class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def find_problems(path: str, kind: Kind, wanted: Wanted) -> Iterator[str]:
    """Yield all problems of a file with respect to a plan's rows and classes."""
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
        If the file is missing or in another format, or contains a duplicate id or
        class.
    """
    _check_is_file(path)
    read = _read_npz if path.lower().endswith(".npz") else _read_csv
    try:
        ids, classes, values = read(Path(path))
    except (OSError, csv.Error, *DAMAGES) as error:
        reason = getattr(error, "strerror", None) or error
        message = (
            f"{path}: not a predictions file: {reason}. Expected: a CSV file with a "
            f"column 'id' and one column for each class, or an npz file with the "
            f"arrays {listed(_ARRAYS)}."
        )
        raise UserError(message) from None
    ids = _strip_decimals(ids)
    _check_names(path, ids, classes)
    return PredictionFile(path, ids, tuple(classes), values)


def _check_is_file(path: str) -> None:
    problem = ""
    if not path:
        problem = "'path' is empty"
    elif os.path.isdir(path):  # noqa: PTH112  (False for a name that no file can have)
        problem = f"'{path}' is a folder"
    elif not os.path.isfile(path):  # noqa: PTH113
        problem = f"no file '{path}'"
    if problem:
        message = (
            f"model 'external': {problem}. Give the path of a file, relative to the "
            f"scenario file's folder, as 'path'."
        )
        raise UserError(message)


def _read_npz(path: Path) -> tuple[list[str], list[str], NDArray[np.float64]]:
    with open_npz(path, _NAMES) as file:
        known = list_arrays(file)
        missing = [name for name in _ARRAYS if name not in known]
        if missing:
            has = f"it contains {listed(known)}" if known else "it contains none"
            message = f"missing {'arrays' if missing[1:] else 'array'} {listed(missing)}; {has}"
            raise ValueError(message)
        ids, classes = (read_array(file, name).astype(str) for name in _NAMES)
        for name, array in zip(_NAMES, (ids, classes), strict=True):
            if array.ndim != 1:
                message = f"array '{name}' has {array.ndim} dimensions instead of 1"
                raise ValueError(message)
        shape, _ = read_head(file, "probability")
        if shape != (ids.size, classes.size):  # checked before memory is allocated
            message = (
                f"array 'probability' has shape {shape}; {ids.size:,} ids and "
                f"{classes.size} classes need ({ids.size}, {classes.size})"
            )
            raise ValueError(message)
        values = np.asarray(read_array(file, "probability"), dtype=np.float64)
        return ids.tolist(), classes.tolist(), values


def _read_csv(path: Path) -> tuple[list[str], list[str], NDArray[np.float64]]:
    text_lines = iter_lines(path)
    first = next(text_lines, "")
    delimiter = _find_delimiter(first)
    reader = csv.reader(chain([first], text_lines), delimiter=delimiter)
    head = [name.strip() for name in next(reader, [])]
    if head.count("id") != 1:
        n_ids = "2 columns" if "id" in head else "no column"
        # a file without columns is likely not CSV: its first line is not shown
        has = f"; it has {listed(head)}" if len(head) > 1 else ""
        message = f"{n_ids} 'id'{has}"
        raise ValueError(message)
    lines = [
        (reader.line_num, _check_length(line, head, reader.line_num))
        for line in reader
        if line
    ]
    at = head.index("id")
    comma = "," if delimiter != "," else ""  # decimal commas, as in 0,25
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


def _check_length(line: list[str], head: list[str], number: int) -> list[str]:
    """Check a line as soon as it is read, since a file may be endless."""
    if len(line) != len(head):
        message = f"line {number} has {len(line)} fields, the header {len(head)}"
        raise ValueError(message)
    return line


def _find_delimiter(head: str) -> str:
    """Return the delimiter: the most frequent one that yields a column `id`."""
    candidates = [
        mark
        for mark in (",", ";", "\t", "|")
        if "id" in [name.strip().strip('"') for name in head.strip().split(mark)]
    ]
    return max(candidates, key=head.count, default=",")


def _number(cell: str, comma: str, line: int, name: str) -> float:
    text = cell.strip()
    try:
        return float(text.replace(comma, ".") if comma else text)
    except ValueError:
        problem = f"'{cell}' is not a number" if text else "the number is missing"
        message = f"line {line}, column '{name}': {problem}"
        raise ValueError(message) from None


def _strip_decimals(ids: list[str]) -> list[str]:
    """Return integer ids without ".0", if a program wrote all of them as floats."""
    if ids and all(map(_FLOAT_ID.fullmatch, ids)):
        return [id_.removesuffix(".0") for id_ in ids]
    return ids


def _check_names(path: str, ids: list[str], classes: list[str]) -> None:
    problem = ""
    if not ids:
        problem = "has no rows"
    elif len(classes) < 2:
        problem = (
            f"has {number(len(classes), 'class', 'classes')}; at least two are required"
        )
    elif duplicates := _find_duplicates(ids):
        problem = f"more than one row has the id {listed(duplicates)}"
    elif duplicates := _find_duplicates(classes):
        problem = f"more than one column has the name {listed(duplicates)}"
    if problem:
        message = f"{path}: {problem}. Correct the file."
        raise UserError(message)


def _find_duplicates(names: list[str]) -> list[str]:
    seen: set[str] = set()
    duplicates: dict[str, None] = {}
    for name in names:
        if name in seen:
            duplicates[name] = None
        seen.add(name)
    return list(duplicates)


def _from_probabilities(file: PredictionFile) -> NDArray[np.float64]:
    ids, values = file.ids, file.values
    _check_values(file, ~(np.isfinite(values) & (values >= 0)))
    sums = values.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1) > _TOLERANCE)
    if wrong.size:
        message = (
            f"{wrong.size:,} of {len(ids):,} rows do not sum to 1, the first being "
            f"row '{ids[wrong[0]]}' with {sums[wrong[0]]:.4g}. {_advise_on_sums(sums)}"
        )
        raise ValueError(message)
    return values


def _advise_on_sums(sums: NDArray[np.float64]) -> str:
    if np.allclose(sums, 100, rtol=_TOLERANCE):
        return "They look like percentages: divide them by 100."
    return (
        "Give the probabilities of all classes, and no other columns; logits need "
        "'kind: logits'."
    )


def _from_logits(file: PredictionFile) -> NDArray[np.float64]:
    values = file.values
    _check_values(file, ~np.isfinite(values))
    sums = values.sum(axis=1)
    if (values >= 0).all() and np.allclose(sums, 1, rtol=0, atol=_TOLERANCE):
        message = (
            "kind is 'logits', but the values are probabilities: no value is negative "
            "and every row sums to 1. Remove 'kind: logits'."
        )
        raise ValueError(message)
    return np.asarray(softmax(values, axis=1))


def _check_values(file: PredictionFile, bad: NDArray[np.generic]) -> None:
    """Raise an error that counts the invalid values and names the first."""
    rows, columns = np.nonzero(bad)
    if not rows.size:
        return
    value = file.values[rows[0], columns[0]]
    message = (
        f"{np.unique(rows).size:,} of {len(file.ids):,} rows have a value that is negative, "
        f"infinite or missing, the first being row '{file.ids[rows[0]]}', class "
        f"'{file.classes[columns[0]]}': {value:.4g}."
    )
    if value < 0 and np.isfinite(value):
        message += " Logits need 'kind: logits'."
    raise ValueError(message)
