"""Select the n-grams that are features, as scikit-learn's vectorizers do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.errors import UserError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, slots=True)
class Terms:
    """Parameters of the selection of features.

    Attributes
    ----------
    ngram_range : (int, int)
        Shortest and longest n-gram.
    min_df, max_df : int or float
        Smallest and largest document frequency; a float is a share of the documents.
    max_features : int or None
        Number of the most frequent features to keep.
    binary : bool
        Whether repeated occurrences in a document count once.
    """

    ngram_range: tuple[int, int] = (1, 1)
    min_df: int | float = 1
    max_df: int | float = 1.0
    max_features: int | None = None
    binary: bool = False

    def document_range(self, n_documents: int) -> tuple[int, int]:
        """Return the smallest and the largest document frequency.

        Raises
        ------
        UserError
            If `max_df` is less than `min_df`.
        """
        low, high = (
            limit if isinstance(limit, int) else limit * n_documents
            for limit in (self.min_df, self.max_df)
        )
        if high < low:
            message = (
                f"max_df {self.max_df!r} is less than min_df {self.min_df!r} over "
                f"{n_documents:,} rows. Raise max_df or lower min_df."
            )
            raise UserError(message)
        return math.ceil(low), math.floor(high)


def select(
    frequency: NDArray[np.int64],
    total: NDArray[np.float64] | None,
    allowed: tuple[int, int],
    max_features: int | None,
) -> NDArray[np.int64]:
    """Return the columns to keep, ascending; may be empty.

    Parameters
    ----------
    frequency : int64 array of shape (n_features,)
        Document frequency of each feature.
    total : float64 array of shape (n_features,) or None
        Number of occurrences in all documents; not needed without `max_features`.
    allowed : (int, int)
        Smallest and largest document frequency.
    max_features : int or None
    """
    kept = np.flatnonzero((frequency >= allowed[0]) & (frequency <= allowed[1]))
    if max_features is not None and total is not None and len(kept) > max_features:
        # the expression of scikit-learn, so that ties are broken alike
        kept = np.sort(kept[(-total[kept]).argsort()[:max_features]])
    return kept


def document_frequency(counts: csr_matrix) -> NDArray[np.int64]:
    """Return the number of nonzero rows of each column of a canonical CSR matrix."""
    return np.bincount(counts.indices, minlength=counts.shape[1])


def total_count(counts: csr_matrix) -> NDArray[np.float64]:
    """Return the sum of each column of a CSR matrix."""
    size = counts.shape[1]
    total = np.bincount(counts.indices, weights=counts.data, minlength=size)
    return total.astype(np.float64, copy=False)


def take_columns(matrix: csr_matrix, kept: NDArray[np.int64]) -> csr_matrix:
    """Return some columns of a CSR matrix, ascending."""
    return matrix if len(kept) == matrix.shape[1] else matrix[:, kept]
