"""Concatenate feature matrices, including numeric columns beside the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rakuten_bench.corpus.encoded import Corpus

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class Assembly:
    """Base class of the vectorizers of a corpus.

    Attributes
    ----------
    low_, span_ : float64 arrays of shape (n_extra,)
        Smallest value and range of the extra columns over the training rows.
    """

    dtype: str

    def fit_extra(self, X: Corpus) -> None:
        """Learn the ranges of the extra columns."""
        self.low_ = X.extra.min(axis=0, initial=np.inf)
        self.span_ = X.extra.max(axis=0, initial=-np.inf) - self.low_

    def join(self, matrices: list[csr_matrix], X: Corpus) -> csr_matrix:
        """Concatenate matrices of the same rows and the scaled extra columns.

        Extra values outside the range of the training rows are clipped to [0, 1].
        """
        from scipy.sparse import csr_matrix, hstack

        if X.extra.shape[1]:
            span = np.where(self.span_ > 0, self.span_, 1)
            scaled = np.clip((X.extra - self.low_) / span, 0, 1)
            matrices = [*matrices, csr_matrix(scaled.astype(self.dtype))]
        return matrices[0] if len(matrices) == 1 else hstack(matrices, format="csr")
