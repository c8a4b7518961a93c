"""For libraries that want the classes of a fit to be 0, 1, 2, ... without a gap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from rakuten_bench.types import Labels, Matrix


class Contiguous(ClassifierMixin, BaseEstimator):
    """A classifier whose model sees the classes of its training rows renumbered.

    A class of the data set may have no training row, by the language lever say.

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
        """Return labels in their own numbers, of shape (n_rows,)."""
        labels: Labels = self.classes_[
            np.asarray(self.model_.predict(X), dtype=np.int64)
        ]
        return labels

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes seen)."""
        found: NDArray[np.float64] = self.model_.predict_proba(X)
        return found
