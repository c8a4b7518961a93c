"""External clustering scores: the agreement of clusters and classes.

Both scores are invariant to a renumbering of the clusters. They are derived from the
contingency table of classes and clusters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.types import Codes

Counts = NDArray[np.int64]


def count_clusters(y_true: Codes, clusters: Codes, n_classes: int) -> Counts:
    """Count the rows of each pair of class and cluster.

    Parameters
    ----------
    y_true : int array of shape (n_rows,)
        Codes from 0 to n_classes - 1.
    clusters : int array of shape (n_rows,)
        Numbers from 0.
    n_classes : int

    Returns
    -------
    int64 array of shape (n_classes, n_clusters)
        Up to the last cluster that is not empty.

    Raises
    ------
    ValueError
        If the lengths differ or a number is negative.

    >>> count_clusters(np.array([0, 1, 1]), np.array([2, 0, 0]), 2)
    array([[0, 0, 1],
           [2, 0, 0]])
    """
    if y_true.shape != clusters.shape:
        message = f"y_true has shape {y_true.shape}, clusters {clusters.shape}"
        raise ValueError(message)
    if clusters.size and clusters.min() < 0:
        message = "a cluster number is negative"
        raise ValueError(message)
    n_clusters = int(clusters.max()) + 1 if clusters.size else 0
    table = np.zeros((n_classes, n_clusters), dtype=np.int64)
    np.add.at(table, (y_true, clusters), 1)
    return table


def adjusted_rand_index(table: Counts) -> float:
    """Return the share of pairs of rows that both partitions agree on, above chance.

    Hubert & Arabie, "Comparing partitions", 1985. 1 for identical partitions, 0 on
    average for a random one, negative for worse.

    Parameters
    ----------
    table : int array of shape (n_classes, n_clusters)

    >>> adjusted_rand_index(np.array([[0, 3], [2, 0]]))
    1.0
    """
    together = _n_pairs(table)
    in_class, in_cluster = _n_pairs(table.sum(axis=1)), _n_pairs(table.sum(axis=0))
    n_pairs = _n_pairs(table.sum())
    by_chance = in_class * in_cluster / n_pairs if n_pairs else 0.0
    maximum = (in_class + in_cluster) / 2
    if maximum == by_chance:  # both have a single part, or only parts of one row
        return 1.0
    return (together - by_chance) / (maximum - by_chance)


def _n_pairs(counts: Any) -> int:
    """Return the number of pairs of rows within the same part."""
    counts = np.asarray(counts, dtype=np.int64)
    return int((counts * (counts - 1) // 2).sum())


def purity(table: Counts) -> float:
    """Return the share of rows that belong to the majority class of their cluster.

    Splitting a cluster never lowers purity: compare at the same number of clusters.

    >>> purity(np.array([[3, 1], [0, 4]]))
    0.875
    """
    n_rows = int(table.sum())
    return int(table.max(axis=0).sum()) / n_rows if n_rows else 0.0
