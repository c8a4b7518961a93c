"""Cluster numbers from any unsupervised scikit-learn model."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from rakuten_bench.types import Matrix


class Clusterer(BaseEstimator):
    """Assign rows to clusters: to the nearest center, or to the topic of largest weight.

    Single-threaded, so that the order of summation is fixed: the same seed gives the
    same clusters.

    Parameters
    ----------
    model : estimator
        With `predict` (k-means), or with `transform` to non-negative weights of topics
        and `components_` (LDA, NMF).

    Attributes
    ----------
    model_ : estimator
        Fitted.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: Matrix, y: object = None) -> Self:
        """Fit the model; `y` is ignored."""
        del y
        with threadpool_limits(1):
            self.model_ = clone(self.model).fit(_writeable(X))
        return self

    def predict(self, X: Matrix) -> NDArray[np.int32]:
        """Return the number of each row's cluster, from 0, of shape (n_rows,)."""
        check_is_fitted(self)
        with threadpool_limits(1):
            if hasattr(self.model_, "predict"):
                return np.asarray(self.model_.predict(_writeable(X)), dtype=np.int32)
            weights = self.model_.transform(X)
        return np.argmax(weights, axis=1).astype(np.int32)


def _writeable(X: Any) -> Matrix:
    """Copy a read-only sparse matrix, which k-means does not accept."""
    parts = (X.data, X.indices, X.indptr) if issparse(X) else ()
    return X if all(part.flags.writeable for part in parts) else X.copy()
