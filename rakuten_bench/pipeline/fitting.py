"""Fitting a learned option on the training rows of a fold, and predicting the test rows.

The only module that combines labels and features. Its source is part of the key of every
learned step.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.errors import Notice, UserError
from rakuten_bench.types import Classifier, Folded, Languages, Prediction, Rows, Target
from rakuten_bench.wording.words import number

MAX_NOTES = 20
#: Tolerance of the sum of a row of probabilities.
_TOLERANCE = 0.01


def divide(value: Any, target: Target, languages: Languages | None) -> Folded:
    """Divide row-aligned values into the training rows and test rows of a fold.

    Parameters
    ----------
    value : object with `take(rows)`, or array or CSR matrix, of n_rows
    target : Target
    languages : Languages or None
        Excludes training rows of languages that the language lever filters out.

    Returns
    -------
    Folded
        Its `test` is None if the fold has no test rows.

    Raises
    ------
    UserError
        If fewer than two classes have training rows.
    """
    if isinstance(value, Folded):
        return value
    rows = train = np.asarray(target.fold.train)
    if languages is not None:
        train = rows[languages.trained[rows]]
    y = target.y[train]
    if np.unique(y).size < 2:  # a classifier needs two
        raise UserError(_too_few_classes(target, train))
    test = target.fold.test
    test_value = take(value, test) if test.size else None
    return Folded(take(value, train), test_value, y, train, test)


def _too_few_classes(target: Target, train: NDArray[np.int64]) -> str:
    """Return an error message with the cause: the language lever, or too few groups."""
    rows, name = target.fold.train, target.fold.name
    n_rows, n_classes = len(train), np.unique(target.y[train]).size
    if len(train) < len(rows):
        return (
            f"fold {name}: the language lever keeps {number(n_rows, 'training row')} of "
            f"{number(n_classes, 'class', 'classes')}; at least two classes are required. Choose another "
            f"language option or detector."
        )
    return (
        f"fold {name}: {number(n_rows, 'training row')} of "
        f"{number(n_classes, 'class', 'classes')}; at least two classes "
        f"are required. The other classes have too few groups of rows to be in every "
        f"fold: use fewer folds or add rows."
    )


def take(value: Any, rows: NDArray[np.int64]) -> Any:
    """Return a selection of rows of a row-aligned value.

    The index of a table is reset: positions in the data set could reveal labels.
    """
    if hasattr(value, "iloc"):
        return value.iloc[rows].reset_index(drop=True)
    if hasattr(value, "take") and not isinstance(value, np.ndarray):
        return value.take(rows)
    return value[rows]


def fit(estimator: Any, folded: Folded, groups: Rows | None = None) -> Any:
    """Fit on the training rows.

    Parameters
    ----------
    estimator : estimator
        If its `fit` takes `groups`, it splits its rows further and gets their groups.
    folded : Folded
    groups : int64 array, optional
        Group of every row of the data set.
    """
    from sklearn.utils.validation import has_fit_parameter

    if groups is None or not has_fit_parameter(estimator, "groups"):
        return estimator.fit(folded.train, folded.y)
    train_groups = training_groups(folded.train_rows, groups)
    return estimator.fit(folded.train, folded.y, groups=train_groups)


def training_groups(rows: Rows, groups: Rows) -> Rows:
    """Return the groups of training rows; every synthetic row gets a new group."""
    synthetic = np.flatnonzero(rows < 0)
    selected: Rows = groups[rows]  # -1 selects an arbitrary group, replaced below
    selected[synthetic] = groups.max() + 1 + np.arange(synthetic.size)
    return selected


def predict(
    estimator: Classifier, folded: Folded, n_classes: int, *, fit_time: float
) -> Prediction:
    """Predict the test rows with a fitted classifier."""
    start = time.perf_counter()
    predicted, probability = decide(estimator, folded.test, n_classes)
    seconds = time.perf_counter() - start
    warn_of_notes(estimator)
    return Prediction(
        rows=folded.test_rows,
        predicted=predicted,
        probability=probability,
        fit_time=fit_time,
        predict_time=seconds,
        details=dict(getattr(estimator, "details_", {})),
    )


def decide(
    estimator: Classifier, X: object, n_classes: int
) -> tuple[NDArray[np.int32], NDArray[np.float32] | None]:
    """Return the label of each row and the probabilities that it is derived from.

    If a model has probabilities, the label is the most probable class, the first in a
    tie, so that a scenario and a fusion of it decide alike. Otherwise the model's
    `predict` decides.

    Returns
    -------
    predicted : int32 array of shape (n_rows,)
    probability : float32 array of shape (n_rows, n_classes) or None
    """
    probability = probabilities(estimator, X, n_classes)
    if probability is None:
        return np.asarray(estimator.predict(X), dtype=np.int32), None
    return most_probable(probability), probability


def most_probable(probability: NDArray[np.floating]) -> NDArray[np.int32]:
    """Return the most probable class of each row, the first in a tie."""
    return probability.argmax(axis=1).astype(np.int32)


def probabilities(
    estimator: Any, X: object, n_classes: int
) -> NDArray[np.float32] | None:
    """Return probabilities for all classes of the data set, or None.

    A class that the training rows lack gets probability 0.

    Returns
    -------
    float32 array of shape (n_rows, n_classes) or None

    Raises
    ------
    UserError
        If a row is not a distribution over the classes.
    """
    if not hasattr(estimator, "predict_proba"):
        return None
    known = np.asarray(estimator.predict_proba(X))
    check_probabilities(known)
    full = np.zeros((known.shape[0], n_classes), dtype=np.float32)
    full[:, np.asarray(estimator.classes_, dtype=np.int64)] = known
    return full


def check_probabilities(probability: NDArray[np.floating]) -> None:
    """Check that every row is a distribution over the classes.

    Raises
    ------
    UserError
        If a number is negative or missing, or a row does not sum to 1.
    """
    sums = probability.sum(axis=1)
    sums_to_one = np.abs(sums - 1) <= _TOLERANCE  # False for nan
    bad = ~(sums_to_one & (probability >= -_TOLERANCE).all(axis=1))
    if bad.any():
        first = int(bad.argmax())
        message = (
            f"the model's probabilities are invalid for {bad.sum():,} of {len(bad):,} "
            f"rows: those of row {first} range from {probability[first].min():.4g} to "
            f"{probability[first].max():.4g} and sum to {sums[first]:.4g}."
        )
        raise UserError(message)


def warn_of_notes(estimator: object) -> None:
    """Emit the `notes_` of an estimator as notices."""
    for note in getattr(estimator, "notes_", ()):
        warnings.warn(note, Notice, stacklevel=2)


@contextmanager
def noted() -> Iterator[list[str]]:
    """Collect distinct warnings and notices as notes, at most `MAX_NOTES`."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notes
    texts = dict.fromkeys(
        _text(warning.category, str(warning.message)) for warning in caught
    )
    notes += list(texts)[:MAX_NOTES]


def _text(category: type[Warning], message: str) -> str:
    first = message.strip().partition("\n")[0]
    return first if issubclass(category, Notice) else f"{category.__name__}: {first}"
