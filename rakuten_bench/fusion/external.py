"""Probabilities that another program computed, matched by row id and class name."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from rakuten_bench.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """What such a file says.

    Attributes
    ----------
    rows : dict of str to int
        Row id to row of `probability`.
    classes : tuple of str
        Of the columns of `probability`, in the file's order.
    probability : float64 array of shape (n_rows, n_classes)
    """

    rows: dict[str, int]
    classes: tuple[str, ...]
    probability: NDArray[np.float64]


class ExternalPredictions(ClassifierMixin, BaseEstimator):
    """A classifier whose answers lie in a file.

    The file holds the test rows, and for a fusion with tuned weights or stacking the
    training rows too, predicted by models that had not seen them.

    Parameters
    ----------
    path : str
        An npz file with arrays `id`, `classes` and `probability`, as in the program's
        own predictions.npz, or a CSV file with a column `id` and one for each class.
    n_classes : int
        Of the data set.

    Attributes
    ----------
    classes_ : int array of shape (n_classes_in_training,)
    file_ : PredictionFile
    """

    def __init__(self, path: str, n_classes: int) -> None:
        self.path = path
        self.n_classes = n_classes

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Read the file; the labels only tell which class has which code.

        Parameters
        ----------
        X : DataFrame with columns `id` and `label`
        y : int array of shape (n_rows,)

        Raises
        ------
        UserError
            If the file is not to be read, or its classes are not the data set's.
        """
        self.file_ = read_predictions(self.path)
        self.classes_, first = np.unique(y, return_index=True)
        names = X["label"].to_numpy()[first].tolist()
        missing = [name for name in names if name not in self.file_.classes]
        if missing or len(self.file_.classes) != self.n_classes:
            message = (
                f"{self.path}: its {len(self.file_.classes)} classes are not the data "
                f"set's {self.n_classes}: {len(missing)} are missing"
                f"{_show(missing)}. Name the columns as the labels are named."
            )
            raise UserError(message)
        self._columns = [self.file_.classes.index(name) for name in names]
        return self

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probabilities of rows, found by their id.

        Raises
        ------
        UserError
            If the file has no line for some of them.
        """
        ids = X["id"].tolist()
        missing = [id_ for id_ in ids if id_ not in self.file_.rows]
        if missing:
            message = (
                f"{self.path}: no prediction for {len(missing):,} of {len(ids):,} rows"
                f"{_show(missing)}. It must hold the test rows, and the training rows "
                f"too for fusion 'weighted' or 'stacking'."
            )
            raise UserError(message)
        rows = [self.file_.rows[id_] for id_ in ids]
        return self.file_.probability[rows][:, self._columns]

    def predict(self, X: pd.DataFrame) -> NDArray[Any]:
        """Return the most probable class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def read_predictions(path: str) -> PredictionFile:
    """Read a file of probabilities.

    Raises
    ------
    UserError
        If it is not there, not in one of the two formats, an id stands twice, or a
        number is no probability.
    """
    if not Path(path).is_file():
        message = f"model 'external': no file '{path}'. Give its path as 'path'."
        raise UserError(message)
    read = _read_npz if path.endswith(".npz") else _read_csv
    try:
        ids, classes, probability = read(Path(path))
    except (ValueError, KeyError, OSError, csv.Error) as error:
        message = (
            f"{path}: is no file of predictions ({error}). It needs 'id' and one "
            f"probability for each class."
        )
        raise UserError(message) from None
    _check(path, ids, classes, probability)
    return PredictionFile(
        {id_: row for row, id_ in enumerate(ids)}, tuple(classes), probability
    )


def _read_npz(path: Path) -> tuple[list[str], list[str], NDArray[np.float64]]:
    with np.load(path, allow_pickle=False) as file:
        ids, classes = (file[name].astype(str).tolist() for name in ("id", "classes"))
        return ids, classes, np.asarray(file["probability"], dtype=np.float64)


def _read_csv(path: Path) -> tuple[list[str], list[str], NDArray[np.float64]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    head = lines[0] if lines else []
    if "id" not in head:
        message = "no column 'id'"
        raise ValueError(message)
    at = head.index("id")
    ids = [line[at] for line in lines[1:]]
    values = [line[:at] + line[at + 1 :] for line in lines[1:]]
    return ids, head[:at] + head[at + 1 :], np.array(values, dtype=np.float64)


def _check(
    path: str, ids: list[str], classes: list[str], probability: NDArray[np.float64]
) -> None:
    n_twice = len(ids) - len(set(ids))
    problem = ""
    if probability.shape != (len(ids), len(classes)):
        problem = (
            f"{probability.shape} numbers for {len(ids):,} rows and {len(classes)}"
        )
        problem += " classes"
    elif n_twice:
        problem = f"{n_twice:,} rows have the id of another"
    elif len(set(classes)) < len(classes):
        problem = "a class has two columns"
    elif not (np.isfinite(probability).all() and (probability >= 0).all()):
        problem = "a probability is negative or no number"
    if problem:
        message = f"{path}: {problem}. Write it again."
        raise UserError(message)


def _show(names: list[str]) -> str:
    if not names:
        return ""
    more = ", ..." if len(names) > _SHOWN else ""
    return f" ({', '.join(map(repr, names[:_SHOWN]))}{more})"
