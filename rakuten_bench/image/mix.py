"""Several features concatenated."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from rakuten_bench.errors import UserError
from rakuten_bench.types import Blocks


class Mix(TransformerMixin, BaseEstimator):
    """Concatenate blocks of features, scaled to the same mean norm.

    Each block is centered and divided by the mean norm of its training rows; columns
    of a block are not scaled individually.

    Parameters
    ----------
    weights : tuple of float
        Weight of each block; empty for equal weights.

    Attributes
    ----------
    means_ : list of float32 arrays of shape (n_features_of_block,)
    scales_ : list of float
    """

    def __init__(self, weights: tuple[float, ...] = ()) -> None:
        self.weights = weights

    def fit(self, X: Blocks, y: object = None) -> Self:
        """Learn the mean row and mean norm of each block."""
        weights = self.weights or (1.0,) * len(X.values)
        if len(weights) != len(X.values):
            message = (
                f"feature 'mix': {len(weights)} weights for {len(X.values)} members. "
                f"Give one for each, or none."
            )
            raise UserError(message)
        self.means_, self.scales_ = [], []
        for block, weight in zip(X.values, weights, strict=True):
            mean = np.asarray(block.mean(axis=0), dtype=np.float32)
            length = np.linalg.norm(block - mean, axis=1).mean()
            self.means_.append(mean)
            self.scales_.append(np.float32(weight / max(length, 1e-12)))
        return self

    def transform(self, X: Blocks) -> NDArray[np.float32]:
        """Return the concatenated blocks, float32 of shape (n_rows, n_features)."""
        learned = zip(X.values, self.means_, self.scales_, strict=True)
        return np.hstack([(block - mean) * scale for block, mean, scale in learned])
