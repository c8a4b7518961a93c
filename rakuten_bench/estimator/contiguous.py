"""Class codes without gaps (0, 1, 2, ...), for libraries that require them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from rakuten_bench.types import Labels, Matrix


class Contiguous(ClassifierMixin, BaseEstimator):
    """A classifier whose model is fitted on contiguous class codes.

    A class of the data set may have no training rows, for example after a filter by
    language.

    Parameters
    ----------
    model : classifier
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: Matrix, y: Labels) -> Contiguous:
        """Fit the model on renumbered classes."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.model_ = clone(self.model).fit(X, codes)
        return self

    def predict(self, X: Matrix) -> Labels:
        """Return the original labels, of shape (n_rows,)."""
        labels: Labels = self.classes_[
            np.asarray(self.model_.predict(X), dtype=np.int64)
        ]
        return labels

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_training_classes)."""
        probabilities: NDArray[np.float64] = self.model_.predict_proba(X)
        return probabilities
