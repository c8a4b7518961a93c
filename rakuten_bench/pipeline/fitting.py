"""How a learned option is applied in one fold: to training rows first, then to the test's.

The only place where labels meet features. The source of this module is part of the key
of every learned step.
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

MAX_NOTES = 20
#: How far from 1 a row of probabilities may sum.
_TOLERANCE = 0.01


def divide(value: Any, target: Target, languages: Languages | None) -> Folded:
    """Part row-aligned values into the training rows and the test rows of a fold.

    Parameters
    ----------
    value : object with `take(rows)`, or array or CSR matrix, of n_rows
    target : Target
    languages : Languages or None
        Training rows that are not to be learned from are left out.

    Returns
    -------
    Folded
        Its `test` is None where the fold has no test rows.

    Raises
    ------
    UserError
        If no training row, or only one class, is left.
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
    seen = take(value, test) if test.size else None
    return Folded(take(value, train), seen, y, train, test)


def _too_few_classes(target: Target, train: NDArray[np.int64]) -> str:
    """Say how many classes are left and whether the language lever left others out."""
    rows, name = target.fold.train, target.fold.name
    n_rows, n_classes = len(train), np.unique(target.y[train]).size
    if len(train) < len(rows):
        return (
            f"fold {name}: {len(train)} training rows with {n_classes} classes are left "
            f"by the language lever; two classes are needed. Choose another language "
            f"option or detector."
        )
    return (
        f"fold {name}: {n_rows:,} training {'row' if n_rows == 1 else 'rows'} of "
        f"{n_classes} {'class' if n_classes == 1 else 'classes'}; two classes are needed. "
        f"Every other class has too few groups of rows to be in each fold: use fewer "
        f"folds or add rows."
    )


def take(value: Any, rows: NDArray[np.int64]) -> Any:
    """Return some rows of a row-aligned value.

    The rows of a table are numbered anew: where they stood in the data set may tell
    their labels.
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
        One whose `fit` takes `groups` divides its rows once more, and is told which
        of them belong together.
    folded : Folded
    groups : int64 array, optional
        Group of every row of the data set.
    """
    from sklearn.utils.validation import has_fit_parameter

    if groups is None or not has_fit_parameter(estimator, "groups"):
        return estimator.fit(folded.train, folded.y)
    own = training_groups(folded.train_rows, groups)
    return estimator.fit(folded.train, folded.y, groups=own)


def training_groups(rows: Rows, groups: Rows) -> Rows:
    """Return the groups of training rows; a row that a sampler made is its own."""
    made = np.flatnonzero(rows < 0)
    found: Rows = groups[rows]  # -1 takes any, which is replaced
    found[made] = groups.max() + 1 + np.arange(made.size)
    return found


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
    """Return the label of each row and the probabilities that it follows from, if any.

    The one rule for labels: the most probable class where a model has probabilities,
    the first of several, so that a scenario and a fusion that it is part of decide
    alike; else the model's own.

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
    """Return the class of the largest probability of each row, the first of equals."""
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
        If a row is no distribution over the classes.
    """
    if not hasattr(estimator, "predict_proba"):
        return None
    known = np.asarray(estimator.predict_proba(X))
    refuse_improbable(known)
    full = np.zeros((known.shape[0], n_classes), dtype=np.float32)
    full[:, np.asarray(estimator.classes_, dtype=np.int64)] = known
    return full


def refuse_improbable(probability: NDArray[np.floating]) -> None:
    """Refuse what no score or fusion could make sense of.

    Raises
    ------
    UserError
        If a number is negative or missing, or a row does not sum to 1.
    """
    sums = probability.sum(axis=1)
    fits = np.abs(sums - 1) <= _TOLERANCE  # False for nan
    bad = ~(fits & (probability >= -_TOLERANCE).all(axis=1))
    if bad.any():
        first = int(bad.argmax())
        message = (
            f"the model's probabilities are none for {bad.sum():,} of {len(bad):,} rows: "
            f"those of row {first} range from {probability[first].min():.4g} to "
            f"{probability[first].max():.4g} and sum to {sums[first]:.4g}."
        )
        raise UserError(message)


def warn_of_notes(estimator: object) -> None:
    """Pass on what an estimator of ours has to say about its fit."""
    for note in getattr(estimator, "notes_", ()):
        warnings.warn(note, Notice, stacklevel=2)


@contextmanager
def noted() -> Iterator[list[str]]:
    """Collect warnings and notices as notes, each once, at most `MAX_NOTES`."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notes
    texts = dict.fromkeys(_text(one.category, str(one.message)) for one in caught)
    notes += list(texts)[:MAX_NOTES]


def _text(category: type[Warning], message: str) -> str:
    first = message.strip().partition("\n")[0]
    return first if issubclass(category, Notice) else f"{category.__name__}: {first}"
