"""Probabilities for models that have none, learned inside the training rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from rakuten_bench.division import divide
from rakuten_bench.types import Rows

_FOLDS = 3

Method = Literal["sigmoid", "isotonic"]


def calibrated(model: Any, method: Method | None) -> Any:
    """Return the model, with calibrated probabilities where a method is named.

    Platt 1999 ("sigmoid"), Zadrozny & Elkan 2002 ("isotonic").
    """
    return model if method is None else Calibrated(model, method)


def divide_training_rows(y: NDArray[Any]) -> Iterator[tuple[Rows, Rows]]:
    """Yield rows to learn from and rows to calibrate by, for classes of any size.

    Parameters
    ----------
    y : array of shape (n_rows,)
        Some class has two rows or more.

    Yields
    ------
    tuple of int64 arrays
        Every row is in one second array; the only row of a class in all first arrays.
    """
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    n_folds = min(_FOLDS, len(y))
    part = divide(codes, np.arange(len(y)), [1 / n_folds] * n_folds, 0)
    is_only = counts[codes] == 1
    for fold in range(n_folds):
        yield np.flatnonzero((part != fold) | is_only), np.flatnonzero(part == fold)


class Calibrated(ClassifierMixin, BaseEstimator):
    """A classifier with probabilities, calibrated on folds of its training rows.

    The model itself is fitted on all training rows, the calibration on predictions for
    rows that the model had not seen (`CalibratedClassifierCV(ensemble=False)`). Labels
    are the most probable classes; without calibration they can be others.

    Parameters
    ----------
    model : classifier
    method : {"sigmoid", "isotonic"}
    """

    def __init__(self, model: Any, method: Method = "sigmoid") -> None:
        self.model = model
        self.method = method

    def fit(self, X: Any, y: NDArray[Any]) -> Calibrated:
        """Fit the model, then its calibration.

        Every class is learned in every fold: a row that is its class's only one is
        always learned from, which is told.
        """
        from sklearn.calibration import CalibratedClassifierCV

        counts = np.unique(y, return_counts=True)[1]
        self.notes_: tuple[str, ...] = ()
        self.model_ = clone(self.model).fit(X, y)
        self.classes_ = self.model_.classes_
        self.calibration_ = None
        if counts.max() < 2:
            self.notes_ = (
                "no class has two training rows: no calibration is possible",
            )
            return self
        if counts.min() < 2:
            single = int((counts < 2).sum())
            self.notes_ = (
                f"calibration: {single:,} {'class has' if single == 1 else 'classes have'} "
                f"one training row, which its calibration has learned from",
            )
        folds = _FOLDS if counts.min() >= _FOLDS else list(divide_training_rows(y))
        self.calibration_ = CalibratedClassifierCV(
            clone(self.model), method=self.method, cv=folds, ensemble=False
        ).fit(X, y)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes)."""
        if self.calibration_ is None:
            return np.eye(len(self.classes_))[
                np.searchsorted(self.classes_, self.model_.predict(X))
            ]
        found: NDArray[np.float64] = self.calibration_.predict_proba(X)
        return found

    @property
    def coef_(self) -> NDArray[np.float64]:
        """Weights of a linear model."""
        weights: NDArray[np.float64] = self.model_.coef_
        return weights

    @property
    def intercept_(self) -> NDArray[np.float64]:
        """Intercepts of a linear model."""
        intercepts: NDArray[np.float64] = self.model_.intercept_
        return intercepts
