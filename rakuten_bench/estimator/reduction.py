"""Dimensionality reduction and scaling of columns, fitted on the training rows."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_selection import SelectKBest
from sklearn.utils.validation import check_is_fitted, validate_data

from rakuten_bench.types import Matrix

_FLOATS = [np.float64, np.float32]


class NarrowSVD(TruncatedSVD):
    """Truncated SVD with at most as many components as columns.

    Attributes
    ----------
    notes_ : tuple of str
        A warning if the number of components was lowered.
    """

    n_components: int
    notes_: tuple[str, ...] = ()

    def fit_transform(self, X: Matrix, y: object = None) -> Any:
        """Learn the components and return the projected rows."""
        requested, limit = self.n_components, _count_columns(X, self.n_components)
        if requested <= limit:
            return super().fit_transform(X, y)
        self.notes_ = (
            f"svd: {requested} components lowered to {limit}, the number of columns",
        )
        self.n_components = limit
        try:
            return super().fit_transform(X, y)
        finally:
            self.n_components = requested  # fit must not change a parameter


class NarrowKBest(SelectKBest):
    """Selection of the best columns, with at most as many as there are.

    Attributes
    ----------
    notes_ : tuple of str
        A warning if all columns are kept.
    """

    k: int
    notes_: tuple[str, ...] = ()

    def fit(self, X: Matrix, y: NDArray[np.integer]) -> Self:
        """Learn which columns to keep."""
        requested, limit = self.k, _count_columns(X, self.k)
        if requested > limit:
            self.notes_ = (f"k={requested} exceeds the {limit} columns: all are kept",)
        self.k = min(requested, limit)
        try:
            return super().fit(X, y)
        finally:
            self.k = requested  # fit must not change a parameter

    def _get_support_mask(self) -> NDArray[np.bool_]:
        if self.k < len(self.scores_):
            return super()._get_support_mask()
        return np.ones(len(self.scores_), np.bool_)


def _count_columns(X: Matrix, default: int) -> int:
    """Return the number of columns, or a default for invalid input.

    The library's own validation rejects that input later.
    """
    shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    return int(shape[1]) if len(shape) == 2 and shape[1] else default


class LogCountRatio(TransformerMixin, BaseEstimator):
    """Scale each column by its largest absolute naive Bayes log-count ratio.

    For class k, p and q count the rows inside and outside of k that have a feature, and
    r = log((p / |p|) / (q / |q|)), with counts smoothed by alpha. For two classes, a
    linear model on r * X is the paper's NB-SVM. For more classes every class has its own
    r, and a column is scaled by the largest absolute r. With two classes this is
    equivalent to NB-SVM, since a linear model is invariant to the sign of a column.

    Parameters
    ----------
    alpha : float
        Added to each count.

    Attributes
    ----------
    ratio_ : float64 array of shape (n_classes, n_features)
    scale_ : float64 array of shape (n_features,)

    References
    ----------
    S. Wang and C. Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
    Classification", ACL 2012.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, X: Matrix, y: NDArray[np.integer]) -> Self:
        """Learn the ratios from a matrix of shape (n_rows, n_features) and labels."""
        from scipy.sparse import csr_matrix

        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=_FLOATS)
        classes = np.unique(y, return_inverse=True)[1]
        rows = np.arange(len(classes))
        member = csr_matrix((np.ones(len(classes)), (classes, rows)))
        inside = (member @ (csr_matrix(X) != 0).astype(np.float64)).toarray()
        outside = inside.sum(axis=0) - inside
        self.ratio_ = _log_share(inside, self.alpha) - _log_share(outside, self.alpha)
        self.scale_ = np.abs(self.ratio_).max(axis=0)
        return self

    def transform(self, X: Matrix) -> Any:
        """Return the scaled matrix as a copy."""
        check_is_fitted(self, "scale_")
        X = validate_data(self, X, accept_sparse="csr", dtype=_FLOATS, reset=False)
        scale = self.scale_.astype(X.dtype)
        if not hasattr(X, "indices"):
            return X * scale
        scaled = X.copy()
        scaled.data *= scale[X.indices]
        return scaled

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _log_share(counts: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    smooth = counts + alpha
    share: NDArray[np.float64] = np.log(smooth / smooth.sum(axis=1, keepdims=True))
    return share
