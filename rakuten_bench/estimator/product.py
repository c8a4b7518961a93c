"""Products of many rows with a few columns of numbers, in single precision and threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

Floats = NDArray[np.float32]

_BLOCK = 4096


class Products:
    """The rows of a sparse or dense matrix, with a column of ones at its end.

    Sparse rows are cut into blocks of as many stored numbers each, and SciPy's product
    runs on them in threads; a dense matrix is left to BLAS. The result does not depend
    on the number of threads. Columns are held by falling frequency, which keeps the
    weights that most rows need in the processor's cache.

    Parameters
    ----------
    X : array or CSR matrix of shape (n_rows, n_columns)
    n_jobs : int
        Threads.
    """

    def __init__(self, X: Any, n_jobs: int = 1) -> None:
        self.n_rows, self.n_columns = X.shape
        self.n_jobs = n_jobs
        self.order: NDArray[np.int64] | None = None
        self._pool: ThreadPoolExecutor | None = None
        if not issparse(X):
            self._rows = [np.asarray(X, dtype=np.float32)]
            self._columns = [self._rows[0].T]
            return
        counts = np.bincount(X.indices, minlength=self.n_columns)
        self.order = np.argsort(-counts, kind="stable")
        sorted_rows = X.astype(np.float32)[:, self.order].tocsr()
        sorted_rows.sort_indices()
        threaded = n_jobs > 1
        self._rows = _cut(sorted_rows, n_jobs)
        self._columns = (
            _cut(sorted_rows.T.tocsr(), n_jobs) if threaded else [sorted_rows.T]
        )

    def __enter__(self) -> Self:
        if self.n_jobs > 1 and len(self._rows) > 1:
            self._pool = ThreadPoolExecutor(self.n_jobs)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown()

    def dot(self, weights: Floats) -> Floats:
        """Multiply from the right: (n_columns + 1, k) to (n_rows, k)."""
        found = self._each(lambda rows: rows @ weights[:-1], self._rows)
        found += weights[-1]
        return found

    def tdot(self, values: Floats) -> Floats:
        """Multiply from the left: (n_rows, k) to (n_columns + 1, k)."""
        return _with_sum(self._each(lambda rows: rows @ values, self._columns), values)

    def square_tdot(self, values: Floats) -> Floats:
        """Do as `tdot` with every number of the matrix squared."""
        if self.order is None:
            rows = self._rows[0]
            found = np.zeros((self.n_columns, values.shape[1]), dtype=np.float32)
            for start in range(0, self.n_rows, _BLOCK):
                part = slice(start, start + _BLOCK)
                found += np.square(rows[part]).T @ values[part]
            return _with_sum(found, values)
        return _with_sum(
            self._each(lambda m: _squared(m) @ values, self._columns), values
        )

    def in_order(self, weights: Floats) -> Floats:
        """Return weights of shape (n_columns, k) in the order of the matrix's columns."""
        if self.order is None:
            return weights[:-1]
        found = np.empty_like(weights[:-1])
        found[self.order] = weights[:-1]
        return found

    def _each(self, product: Callable[[Any], Floats], blocks: list[Any]) -> Floats:
        if len(blocks) == 1:
            return np.asarray(product(blocks[0]))
        found = (self._pool.map if self._pool else map)(product, blocks)
        return np.concatenate(list(found))


def _cut(rows: Any, n_blocks: int) -> list[Any]:
    """Cut CSR rows into blocks with about as many stored numbers each."""
    ends = np.linspace(0, rows.indptr[-1], n_blocks + 1)[1:-1]
    cuts = [0, *np.searchsorted(rows.indptr, ends).tolist(), rows.shape[0]]
    return [rows[start:stop] for start, stop in pairwise(cuts)]


def _squared(matrix: Any) -> Any:
    """Square the stored numbers; the places are shared, not copied."""
    squares = np.square(matrix.data)
    return type(matrix)((squares, matrix.indices, matrix.indptr), shape=matrix.shape)


def _with_sum(found: Floats, values: Floats) -> Floats:
    """Add the last row: the product with the column of ones."""
    return np.concatenate([found, values.sum(axis=0, keepdims=True, dtype=np.float32)])
