"""Hold out some training rows, for stopping early and for calibration.

Rows of one group, such as duplicates, are on one side: held out beside its copy, a row
is no unseen one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rakuten_bench.division.stratified import divide
from rakuten_bench.types import Labels, Rows


def hold_out(
    y: Labels, share: float, random_state: int, groups: Rows | None = None
) -> tuple[Rows, Rows]:
    """Hold out a share of each class; a class with one group stays in training.

    Parameters
    ----------
    y : array of shape (n_rows,)
    share : float
    random_state : int
    groups : int64 array of shape (n_rows,), optional
        Rows of one group are on one side.

    Returns
    -------
    tuple of int64 arrays
        Rows to learn from, and rows held out.

    >>> train, held = hold_out(np.array([0, 0, 0, 0, 1]), 0.3, 0)
    >>> len(train), len(held)
    (4, 1)
    """
    rng = np.random.default_rng(random_state)
    groups = np.arange(len(y)) if groups is None else groups
    _, first, member, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)  # groups by their first row, of whose class they count
    held = np.zeros(len(first), dtype=bool)
    for code in np.unique(y):
        own = rng.permutation(order[y[first[order]] == code])
        wanted = round(share * sizes[own].sum())
        fits = np.cumsum(sizes[own]) <= wanted
        held[own[: min(int(fits.sum()), len(own) - 1)]] = len(own) > 1
    kept_out = held[member]
    # a class may have other rows in groups that count for another
    lost = np.setdiff1d(y, y[~kept_out])
    kept_out &= ~np.isin(member, member[np.isin(y, lost)])
    return np.flatnonzero(~kept_out), np.flatnonzero(kept_out)


def iter_folds(
    y: Labels, n_folds: int, groups: Rows | None = None
) -> Iterator[tuple[Rows, Rows]]:
    """Yield rows to learn from and rows to judge by, for classes of any size.

    Parameters
    ----------
    y : array of shape (n_rows,)
    n_folds : int
    groups : int64 array of shape (n_rows,), optional
        Rows of one group are judged in one fold.

    Yields
    ------
    tuple of int64 arrays
        Every row is in one second array. Every class is in all first arrays: the rows
        of one that would not be, as it has a single group, are learned from as well.
    """
    codes = np.unique(y, return_inverse=True)[1]
    groups = np.arange(len(y)) if groups is None else groups
    part = divide(codes, groups, [1 / n_folds] * n_folds, 0)
    for fold in range(n_folds):
        absent = np.setdiff1d(codes, codes[part != fold])
        learned = (part != fold) | np.isin(codes, absent)
        yield np.flatnonzero(learned), np.flatnonzero(part == fold)


def are_apart(groups: Rows | None) -> bool:
    """Tell whether no two rows share a group."""
    return groups is None or len(np.unique(groups)) == len(groups)
