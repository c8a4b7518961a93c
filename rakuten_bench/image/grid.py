"""Histograms in the cells of a grid over an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.types import Codes


def cell_numbers(size: int, grid: int) -> NDArray[np.int32]:
    """Return the cell number of each pixel of a square; cells are numbered row by row.

    >>> cell_numbers(4, 2)
    array([[0, 0, 1, 1],
           [0, 0, 1, 1],
           [2, 2, 3, 3],
           [2, 2, 3, 3]], dtype=int32)
    """
    along = (np.arange(size) * grid // size).astype(np.int32)
    return along[:, None] * np.int32(grid) + along[None, :]


def count_in_cells(
    codes: Codes, cells: NDArray[np.int32], n_codes: int
) -> NDArray[np.float32]:
    """Return a histogram of codes for each cell; each sums to 1.

    Parameters
    ----------
    codes : int array of shape (size, size)
        From 0 to `n_codes` - 1.
    cells : int32 array of shape (size, size)

    Returns
    -------
    float32 array of shape (n_cells * n_codes,)
    """
    n_cells = int(cells[-1, -1]) + 1
    bins = cells * np.int32(n_codes) + codes
    counts = np.bincount(bins.ravel(), minlength=n_cells * n_codes)
    rows = counts.reshape(n_cells, n_codes).astype(np.float32)
    return (rows / rows.sum(axis=1, keepdims=True)).ravel()
