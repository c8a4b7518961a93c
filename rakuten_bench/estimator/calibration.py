"""Calibrated probabilities, fitted on the training rows only."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from rakuten_bench.division import count_groups
from rakuten_bench.division.holding import are_apart, iter_folds
from rakuten_bench.types import Labels, Matrix, Rows

_FOLDS = 3

Method = Literal["sigmoid", "isotonic"]


def calibrated(model: Any, method: Method | None) -> Any:
    """Return the model, with calibrated probabilities if a method is given.

    Platt 1999 ("sigmoid"), Zadrozny & Elkan 2002 ("isotonic").
    """
    return model if method is None else Calibrated(model, method)


def _renumber(groups: Rows) -> Rows:
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


class Calibrated(ClassifierMixin, BaseEstimator):
    """A classifier with probabilities, calibrated on folds of its training rows.

    The model is fitted on all training rows, the calibration on out-of-fold predictions
    (`CalibratedClassifierCV(ensemble=False)`). `predict` returns the most probable
    class, which may differ from the uncalibrated model's.

    Parameters
    ----------
    model : classifier
    method : {"sigmoid", "isotonic"}
    """

    def __init__(self, model: Any, method: Method = "sigmoid") -> None:
        self.model = model
        self.method = method

    def fit(self, X: Matrix, y: Labels, groups: Rows | None = None) -> Calibrated:
        """Fit the model, then its calibration.

        Every fold trains on every class: a class with a single row (not counting
        duplicates) is always in the training part, which `notes_` reports.

        Parameters
        ----------
        X, y :
            Training rows and their labels.
        groups : int64 array of shape (n_rows,), optional
            Rows of a group, such as duplicates, are in the same fold.
        """
        from sklearn.calibration import CalibratedClassifierCV

        apart = np.arange(len(y)) if groups is None else groups
        counts = count_groups(np.unique(y, return_inverse=True)[1], _renumber(apart))
        self.notes_: tuple[str, ...] = ()
        self.model_ = clone(self.model).fit(X, y)
        self.classes_ = self.model_.classes_
        self.calibration_ = None
        if counts.max() < 2:
            self.notes_ = ("calibration is impossible: no class has two training rows",)
            return self
        if counts.min() < 2:
            single = int((counts < 2).sum())
            self.notes_ = (
                f"calibration: {single:,} {'class has' if single == 1 else 'classes have'} "
                f"one training row, in-sample for the calibration",
            )
        n_folds = min(_FOLDS, len(np.unique(apart)))
        is_plain = counts.min() >= _FOLDS and are_apart(groups)
        folds = _FOLDS if is_plain else list(iter_folds(y, n_folds, groups))
        self.calibration_ = CalibratedClassifierCV(
            clone(self.model), method=self.method, cv=folds, ensemble=False
        ).fit(X, y)
        return self

    def predict(self, X: Matrix) -> Labels:
        """Return the most probable class of each row."""
        labels: Labels = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes)."""
        if self.calibration_ is None:
            return np.eye(len(self.classes_))[
                np.searchsorted(self.classes_, self.model_.predict(X))
            ]
        probabilities: NDArray[np.float64] = self.calibration_.predict_proba(X)
        return probabilities

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
