"""Principal component analysis of dense features of any shape."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from rakuten_bench.errors import UserError

_BATCH = 4096


class Components(TransformerMixin, BaseEstimator):
    """Project on the directions of largest variance.

    Uses scikit-learn's randomized solver for a number of components, the exact one for
    a share of the variance. Rows are projected in batches, so that the features can be
    memory-mapped.

    Parameters
    ----------
    n_components : int or float
        From 1 on the number of components, lowered to the number of training rows or
        columns; below 1 the share of the variance to keep.
    whiten : bool
        Whether to scale each component to variance 1.
    random_state : int or None

    Attributes
    ----------
    pca_ : PCA
    notes_ : tuple of str
        A warning if the number of components was lowered.
    """

    def __init__(
        self,
        n_components: int | float = 100,
        whiten: bool = False,
        random_state: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.whiten = whiten
        self.random_state = random_state

    def fit(self, X: NDArray[np.generic], y: object = None) -> Self:
        """Learn the components.

        Raises
        ------
        UserError
            If the number of components is not positive.
        """
        from sklearn.decomposition import PCA

        if self.n_components <= 0:
            message = (
                f"reducer 'pca': n_components '{self.n_components}' must be above 0. "
                f"Give a number, or a share of the variance below 1."
            )
            raise UserError(message)
        self.notes_: tuple[str, ...] = ()
        n_components: int | float = self.n_components
        solver = "full"
        if n_components >= 1:
            n_max = min(X.shape)
            if n_components > n_max:
                self.notes_ = (f"pca: {n_components} components lowered to {n_max}",)
            n_components, solver = min(int(n_components), n_max), "randomized"
        self.pca_ = PCA(
            n_components,
            whiten=self.whiten,
            svd_solver=solver,
            random_state=self.random_state,
        ).fit(np.asarray(X, dtype=np.float32))
        return self

    def transform(self, X: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return the components of each row, float32 (n_rows, n_components)."""
        projected = np.empty((len(X), self.pca_.n_components_), dtype=np.float32)
        for start in range(0, len(X), _BATCH):
            rows = slice(start, start + _BATCH)
            batch = np.asarray(X[rows], dtype=np.float32)
            projected[rows] = self.pca_.transform(batch)
        return projected
