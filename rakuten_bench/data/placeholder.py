"""Placeholders: values that many rows share without being duplicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.types import Rows

#: More than this share of the rows, and more than `FEW_ROWS`, share a placeholder ...
SHARE = 0.01
FEW_ROWS = 10
#: ... which occurs in several classes, or in one with more than this share of the rows.
SHARE_IN_ONE_CLASS = 0.1
#: A value in this many classes is a placeholder regardless of its share.
MANY_CLASSES = 10
#: This many values may be placeholders regardless of their classes. More are if the classes
#: don't depend on the value, or each has more than a share of the rows; if most values
#: are shared like this, the rows just come in sets, unless both apply.
FEW_VALUES = 5
FEW_VALUES_SHARE = 0.01
SHARE_OF_ONE = 0.05
#: Values below this significance count as independent of the classes.
SIGNIFICANCE = 0.01


def find_placeholders(codes: Rows, y: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Find values shared by too many rows to be duplicates.

    A photo "no photo yet" is shared by many rows of any class. Rows of one product are
    few or of one class; and if very many values are shared by many rows, such as texts
    labeled by twenty people, they are sets of rows, not placeholders.

    Parameters
    ----------
    codes : int64 array of shape (n_rows,)
        Values numbered from 0; -1 for none.
    y : int32 array of shape (n_rows,)
        Class of each row.

    Returns
    -------
    bool array of shape (n_values,)

    Examples
    --------
    >>> find_placeholders(np.arange(40).clip(20), np.arange(40) % 3).nonzero()[0]
    array([20])
    """
    known = codes >= 0
    n_values = int(codes.max(initial=-1)) + 1
    rows = np.bincount(codes[known], minlength=n_values)
    n_classes = int(y.max(initial=0)) + 1
    pairs = np.unique(codes[known] * n_classes + y[known])
    classes = np.bincount(pairs // n_classes, minlength=n_values)
    share = rows / len(codes)
    many = (rows > FEW_ROWS) & (share > SHARE)
    several = (classes > 1) | (share > SHARE_IN_ONE_CLASS)
    candidates: NDArray[np.bool_] = (many & several) | (classes >= MANY_CLASSES)
    if candidates.sum() <= max(FEW_VALUES, FEW_VALUES_SHARE * n_values):
        return candidates
    large = candidates & (share > SHARE_OF_ONE)
    if 2 * candidates.sum() <= n_values:
        return candidates if is_independent(candidates, codes, y) else large
    return large & is_independent(large, codes, y)


def is_independent(
    selected: NDArray[np.bool_], codes: Rows, y: NDArray[np.int32]
) -> bool:
    """Return whether classes are independent of the selected values.

    Pearson's test of independence; sets of rows that were labeled one by one fail it.
    """
    from scipy.stats import chi2_contingency

    if not selected.any():
        return True
    rows = (codes >= 0) & selected[codes]
    values, value = np.unique(codes[rows], return_inverse=True)
    classes, label = np.unique(y[rows], return_inverse=True)
    counts = np.zeros((len(values), len(classes)), dtype=np.int64)
    np.add.at(counts, (value, label), 1)
    return bool(chi2_contingency(counts, correction=False).pvalue > SIGNIFICANCE)
