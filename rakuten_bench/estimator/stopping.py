"""Early stopping of a dense network that respects groups of duplicate rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from rakuten_bench.division.holding import are_apart, hold_out
from rakuten_bench.types import Labels, Matrix, Rows


class StoppedEarly(ClassifierMixin, BaseEstimator):
    """scikit-learn's MLPClassifier with early stopping on a grouped validation split.

    Without groups, the model splits the rows itself.

    Parameters
    ----------
    model : MLPClassifier
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: Matrix, y: Labels, groups: Rows | None = None) -> StoppedEarly:
        """Fit the model.

        Parameters
        ----------
        X, y :
            Training rows and their labels.
        groups : int64 array of shape (n_rows,), optional
        """
        self.model_ = clone(self.model)
        if are_apart(groups) or not self.model.early_stopping:
            self.model_.fit(X, y)
        else:
            self._fit_apart(X, y, groups)
        self.classes_ = self.model_.classes_
        return self

    def _fit_apart(self, X: Matrix, y: Labels, groups: Rows | None) -> None:
        """Train by epochs, until the validation accuracy stops improving."""
        model = self.model_.set_params(early_stopping=False)
        seed = np.random.default_rng(self.model.random_state).integers(2**31)
        train, held = hold_out(y, self.model.validation_fraction, int(seed), groups)
        held = held if held.size else train  # empty if every class is one group
        best, n_stale, weights = -np.inf, 0, None
        for _ in range(self.model.max_iter):
            model.partial_fit(X[train], y[train], classes=np.unique(y))
            score = model.score(X[held], y[held])
            n_stale = 0 if score > best + self.model.tol else n_stale + 1
            if score > best:
                best = score
                weights = [
                    [array.copy() for array in arrays]
                    for arrays in (model.coefs_, model.intercepts_)
                ]
            if n_stale > self.model.n_iter_no_change:
                break
        if weights:
            model.coefs_, model.intercepts_ = weights

    def predict(self, X: Matrix) -> Labels:
        """Return the most probable class of each row."""
        labels: Labels = self.model_.predict(X)
        return labels

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes)."""
        probabilities: NDArray[np.float64] = self.model_.predict_proba(X)
        return probabilities
