"""The confusion matrix and the scores derived from it.

The definitions are scikit-learn's (`precision_recall_fscore_support` with
`zero_division=0`): macro averages run over the classes that occur among the true or
the predicted labels, and a class without a denominator scores 0. All functions take
one matrix of shape (K, K) or a stack of shape (..., K, K), so that a thousand
bootstrap draws cost one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.types import Codes

Floats = NDArray[np.float64]
Confusion = NDArray[np.int64]
#: Counts of rows, or sums of their weights.
Counts = NDArray[np.number]


def confusion_matrix(y_true: Codes, y_pred: Codes, n_classes: int) -> Confusion:
    """Count the rows of each pair of true and predicted class.

    Parameters
    ----------
    y_true, y_pred : int arrays of shape (n_rows,)
        Codes from 0 to n_classes - 1.
    n_classes : int

    Returns
    -------
    int64 array of shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.

    Raises
    ------
    ValueError
        If the lengths differ or a code is out of range.

    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    array([[1, 0],
           [1, 1]])
    """
    if y_true.shape != y_pred.shape:
        message = f"y_true has shape {y_true.shape}, y_pred {y_pred.shape}"
        raise ValueError(message)
    for codes in (y_true, y_pred):
        if codes.size and not 0 <= codes.min() <= codes.max() < n_classes:
            message = f"a code lies outside 0..{n_classes - 1}"
            raise ValueError(message)
    cells = y_true.astype(np.int64) * n_classes + y_pred
    counts = np.bincount(cells, minlength=n_classes * n_classes)
    return counts.reshape(n_classes, n_classes).astype(np.int64, copy=False)


def divide(top: Counts, bottom: Counts) -> Floats:
    """Divide elementwise; the result is 0 if the denominator is 0."""
    top, bottom = np.broadcast_arrays(top, bottom)
    out = np.zeros(top.shape)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return out


def class_f1(hits: Counts, true: Counts, predicted: Counts) -> Floats:
    """Return F1 per class from counts of shape (..., K)."""
    return divide(2.0 * hits, true + predicted)


@dataclass(frozen=True, slots=True)
class ClassTable:
    """One row per class, each column of shape (..., K).

    Attributes
    ----------
    precision, recall, f1 : float64 arrays
        From 0 to 1.
    support : int64 array
        Number of true rows.
    """

    precision: Floats
    recall: Floats
    f1: Floats
    support: Counts


def class_table(confusion: Counts) -> ClassTable:
    """Return precision, recall, F1 and support of each class."""
    hits, true, predicted = margins(confusion)
    return ClassTable(
        precision=divide(hits, predicted),
        recall=divide(hits, true),
        f1=class_f1(hits, true, predicted),
        support=true,
    )


def margins(
    confusion: Counts,
) -> tuple[Counts, Counts, Counts]:
    """Return hits, true rows and predicted rows of each class, each (..., K)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return hits, confusion.sum(axis=-1), confusion.sum(axis=-2)


def weighted_f1(hits: Counts, true: Counts, predicted: Counts) -> Floats:
    """Average F1 over classes by their true rows; from counts of shape (..., K)."""
    f1 = class_f1(hits, true, predicted)
    return divide((f1 * true).sum(axis=-1), true.sum(axis=-1))


def macro_f1(hits: Counts, true: Counts, predicted: Counts) -> Floats:
    """Average F1 over the classes that occur; from counts of shape (..., K)."""
    occurs = (true + predicted) > 0
    f1 = class_f1(hits, true, predicted)
    return divide(f1.sum(axis=-1), occurs.sum(axis=-1))


def hit_rate(hits: Counts, true: Counts, predicted: Counts) -> Floats:
    """Return the share of rows predicted correctly; from counts of shape (..., K)."""
    del predicted
    return divide(hits.sum(axis=-1), true.sum(axis=-1))


#: Score name -> function of hits, true and predicted rows of each class.
METRICS: Mapping[str, Callable[[Counts, Counts, Counts], Floats]] = {
    "f1_weighted": weighted_f1,
    "f1_macro": macro_f1,
    "accuracy": hit_rate,
}


def score(confusion: Counts, metric: str) -> Floats:
    """Return one score of a matrix, or of each matrix of a stack."""
    return METRICS[metric](*margins(confusion))


def f1_weighted(confusion: Counts) -> Floats:
    """Return the F1 averaged over classes by their number of true rows."""
    return score(confusion, "f1_weighted")


def f1_macro(confusion: Counts) -> Floats:
    """Return the unweighted mean of F1 over the classes that occur."""
    return score(confusion, "f1_macro")


def accuracy(confusion: Counts) -> Floats:
    """Return the share of rows that were predicted correctly."""
    return score(confusion, "accuracy")


def scores(confusion: Counts) -> dict[str, float]:
    """Return every score of one matrix.

    >>> scores(np.array([[1, 0], [1, 1]]))["f1_macro"]
    0.666...
    """
    return {metric: float(score(confusion, metric)) for metric in METRICS}


def notable_confusions(
    confusion: Counts, share: float = 0.15
) -> list[tuple[int, int, int, float]]:
    """List pairs of classes that are often confused.

    Parameters
    ----------
    confusion : int array of shape (K, K)
    share : float
        Minimum share of the true class's rows; the reference reports use 0.15.

    Returns
    -------
    list of (true, predicted, rows, share), the largest share first

    >>> notable_confusions(np.array([[7, 3], [1, 9]]))
    [(0, 1, 3, 0.3)]
    """
    shares = divide(confusion, confusion.sum(axis=1, keepdims=True))
    np.fill_diagonal(shares, 0.0)
    confusions = [
        (int(true), int(predicted), int(confusion[true, predicted]), float(part))
        for (true, predicted), part in np.ndenumerate(shares)
        if part >= share
    ]
    return sorted(confusions, key=lambda row: (-row[3], -row[2], row[0], row[1]))
