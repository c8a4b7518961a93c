"""Principal components of dense features, whatever their number of rows and columns."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from rakuten_bench.errors import UserError

_BATCH = 4096


class Components(TransformerMixin, BaseEstimator):
    """Project on the directions of largest variance.

    scikit-learn's randomized PCA for a number of components, the exact one for a share
    of the variance; rows are projected in batches, so that the features may stay on the
    disk.

    Parameters
    ----------
    n_components : int or float
        From 1 on a number, lowered to what the training rows allow; below 1 the share
        of the variance that is kept.
    whiten : bool
        Whether each component is given variance 1.
    random_state : int or None

    Attributes
    ----------
    pca_ : PCA
    notes_ : tuple of str
        Says so where the number was lowered.
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
        wanted: int | float = self.n_components
        solver = "full"
        if wanted >= 1:
            most = min(X.shape)
            if wanted > most:
                self.notes_ = (f"pca: {wanted} components lowered to {most}",)
            wanted, solver = min(int(wanted), most), "randomized"
        self.pca_ = PCA(
            wanted,
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
