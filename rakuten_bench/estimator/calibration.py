"""Probabilities for models that have none, learned inside the training rows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

_FOLDS = 3

Method = Literal["sigmoid", "isotonic"]


def calibrated(model: Any, method: Method | None) -> Any:
    """Return the model, with calibrated probabilities where a method is named.

    Platt 1999 ("sigmoid"), Zadrozny & Elkan 2002 ("isotonic").
    """
    return model if method is None else Calibrated(model, method)


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

        A class with fewer rows than folds lowers the number of folds, and is told.
        """
        from sklearn.calibration import CalibratedClassifierCV

        smallest = int(np.unique(y, return_counts=True)[1].min())
        folds = min(_FOLDS, smallest)
        self.notes_: tuple[str, ...] = ()
        self.model_ = clone(self.model).fit(X, y)
        self.classes_ = self.model_.classes_
        self.calibration_ = None
        if folds < 2:
            self.notes_ = ("a class has one training row: no calibration is possible",)
            return self
        if folds < _FOLDS:
            self.notes_ = (f"calibrated on {folds} folds: the smallest class is small",)
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
