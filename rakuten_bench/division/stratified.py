"""Give each row a part.

Where all rows are groups of their own and every class has a row for each part, the
division is scikit-learn's. Elsewhere groups of several rows are placed first, large
ones before small ones, where they raise the squared relative error of the class counts
least; then each class's single rows fill up its counts. At last groups are moved until
parts differ in size by no more than a group. This gives class counts as even as those of
scikit-learn's `StratifiedGroupKFold` or more so, and parts more alike in size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.division.chance import shuffled_rank
from rakuten_bench.types import Rows

Labels = NDArray[np.int32] | NDArray[np.int64]
Floats = NDArray[np.float64]

#: Times that groups of several classes are placed anew once all have a part.
_PASSES = 2
#: Moves from one part to another once every group has one, at most.
_MOVES = 10_000
#: Weight of the parts' sizes beside all classes: it settles ties, and little more.
_SIZE = 0.01
_LEAST_GAIN = 1e-9
#: Rows wanted of a class in a part that need not have any.
_NONE = 1e-3


def divide(y: Labels, groups: Rows, shares: Sequence[float], random_state: int) -> Rows:
    """Give each row a part, so that each class is spread as the shares say.

    A class with as many groups as parts has rows in every part; one with fewer has
    each group in a part of its own: the first ones, where shares differ. Parts of equal
    shares differ in size by one group at most, as far as the groups allow.

    Parameters
    ----------
    y : int array of shape (n_rows,)
    groups : int64 array of shape (n_rows,)
        Rows of one group get one part.
    shares : sequence of float
        Sum to 1.
    random_state : int

    Returns
    -------
    int64 array of shape (n_rows,)
        Index into `shares`.
    """
    alone = len(np.unique(groups)) == len(groups)
    smallest = np.unique(y, return_counts=True)[1].min()
    if alone and round(smallest * min(shares), 9) >= 1:
        return _divide_rows(y, shares, random_state)
    return _divide_groups(y, groups, np.asarray(shares, dtype=np.float64), random_state)


def count_groups(y: Labels, groups: Rows) -> Rows:
    """Count the groups that have a row of each class, of shape (n_classes,).

    >>> count_groups(np.array([0, 0, 1]), np.array([4, 4, 2]))
    array([1, 1])
    """
    n_groups = int(groups.max()) + 1
    pairs = np.unique(y.astype(np.int64) * n_groups + groups)
    return np.bincount(pairs // n_groups, minlength=int(y.max()) + 1)


def _divide_rows(y: Labels, shares: Sequence[float], random_state: int) -> Rows:
    """Divide as scikit-learn does: for rows that are all groups of their own."""
    from sklearn.model_selection import StratifiedKFold, train_test_split

    part = np.zeros(len(y), dtype=np.int64)
    if len(set(shares)) == 1:
        folds = StratifiedKFold(len(shares), shuffle=True, random_state=random_state)
        for index, (_, test) in enumerate(folds.split(y, y)):
            part[test] = index
        return part
    rest = np.arange(len(y))
    for index in range(1, len(shares)):
        left = shares[0] + sum(shares[index:])
        rest, taken = train_test_split(
            rest,
            test_size=round(shares[index] / left, 12),
            stratify=y[rest],
            random_state=random_state,
        )
        part[taken] = index
    return part


def _divide_groups(y: Labels, groups: Rows, shares: Floats, random_state: int) -> Rows:
    codes = np.unique(y, return_inverse=True)[1].reshape(-1)
    groups = np.unique(groups, return_inverse=True)[1].reshape(-1)
    table = _Table.count(codes, groups, shuffled_rank(len(y), random_state))
    division = _Division(table, wanted_counts(codes, groups, shares))
    division.place_large()
    division.place_single()
    division.even_out()
    return division.part[groups]


def wanted_counts(y: Rows, groups: Rows, shares: Floats) -> Floats:
    """Return the rows that each part should have of each class.

    Parameters
    ----------
    y, groups : int64 arrays of shape (n_rows,)
        Numbered from 0 without gaps.
    shares : float64 array of shape (n_parts,)

    Returns
    -------
    float64 array of shape (n_classes, n_parts)
        The class's rows by the shares. Where these differ, every part that a class has
        a group for should have a row of it, the first parts before the last ones.

    Examples
    --------
    >>> wanted_counts(np.zeros(10, int), np.arange(10), np.array([0.8, 0.2]))
    array([[8., 2.]])
    >>> wanted_counts(np.zeros(2, int), np.arange(2), np.array([0.8, 0.2]))
    array([[1., 1.]])
    """
    n_rows = np.bincount(y)
    wanted = np.outer(n_rows, shares)
    if len(set(shares.tolist())) == 1:
        return wanted
    n_groups = count_groups(y, groups)
    for index in range(1, len(shares)):
        has_group = n_groups > index
        wanted[has_group, index] = np.maximum(wanted[has_group, index], 1)
        wanted[~has_group, index] = _NONE
    wanted[:, 0] = np.maximum(n_rows - wanted[:, 1:].sum(axis=1), 1)
    return wanted


@dataclass(frozen=True, slots=True)
class _Table:
    """Groups and the rows that they have of each class, sparse.

    Attributes
    ----------
    start : int64 array of shape (n_groups + 1,)
        Where a group's entries begin in `klass` and `rows`.
    klass, rows : int64 arrays
        Class, and how many rows of it the group has.
    size, order : int64 arrays of shape (n_groups,)
        Rows of the group, and its place in a random order.
    """

    start: Rows
    klass: Rows
    rows: Rows
    size: Rows
    order: Rows

    @classmethod
    def count(cls, y: Rows, groups: Rows, rank: Rows) -> _Table:
        n_classes = int(y.max()) + 1
        pairs, rows = np.unique(groups * n_classes + y, return_counts=True)
        size = np.bincount(groups)
        start = np.searchsorted(pairs // n_classes, np.arange(len(size) + 1))
        order = np.full(len(size), len(y), dtype=np.int64)
        np.minimum.at(order, groups, rank)
        return cls(start, pairs % n_classes, rows, size, order)

    def of(self, group: int) -> tuple[Rows, Rows]:
        """Return a group's classes and how many rows of each it has."""
        entries = slice(self.start[group], self.start[group + 1])
        return self.klass[entries], self.rows[entries]


class _Division:
    """Groups with their parts, and how many rows of each class the parts have by now.

    Parameters
    ----------
    table : _Table
    wanted : float64 array of shape (n_classes, n_parts)
    """

    def __init__(self, table: _Table, wanted: Floats) -> None:
        self.table = table
        self.wanted = wanted
        self.wanted_size = wanted.sum(axis=0)
        self.placed = np.zeros_like(wanted)
        self.size = np.zeros_like(self.wanted_size)
        self.part = np.full(len(table.size), -1, dtype=np.int64)
        self.left = np.bincount(table.klass, minlength=len(wanted))

    def place_large(self) -> None:
        """Place groups of several rows; those of several classes once more at the end."""
        table = self.table
        order = np.lexsort((table.order, -table.size))
        large = order[table.size[order] > 1]
        for group in large.tolist():
            self._place(group)
        mixed = large[np.diff(table.start)[large] > 1].tolist()
        for _ in range(_PASSES):
            before = self.part.copy()
            for group in mixed:
                self._remove(group)
                self._place(group)
            if np.array_equal(before, self.part):
                return

    def place_single(self) -> None:
        """Fill up each class with its groups of one row."""
        table = self.table
        single = np.flatnonzero(table.size == 1)
        klass = table.klass[table.start[single]]
        order = np.lexsort((table.order[single], klass))
        single, klass = single[order], klass[order]
        ends = np.searchsorted(klass, np.arange(len(self.wanted) + 1))
        for code in np.unique(klass):
            members = single[ends[code] : ends[code + 1]]
            quota = self._quota(code, len(members))
            self.part[members] = np.repeat(np.arange(len(quota)), quota)
            self.placed[code] += quota
            self.size += quota

    def even_out(self) -> None:
        """Move groups from the fullest part to the emptiest, as long as that helps.

        Parts that differ by more than the largest group are always evened out.
        """
        for _ in range(_MOVES):
            ahead = self.size - self.wanted_size
            source, target = int(np.argmax(ahead)), int(np.argmin(ahead))
            spread = float(ahead[source] - ahead[target])
            members = np.flatnonzero(self.part == source)
            members = members[self.table.size[members] < spread]
            if not len(members):
                return
            growth = self._growth_of_moves(members, source, target)
            best = int(np.argmin(growth.round(9)))
            needed = spread > self.table.size.max()
            if growth[best] == np.inf or (not needed and growth[best] > -_LEAST_GAIN):
                return
            self._remove(members[best])
            self._add(members[best], target)

    def _place(self, group: int) -> None:
        """Give a group the part where it disturbs the wanted counts least.

        A class without more groups left than parts without it goes to one of those.
        """
        classes, rows = self.table.of(group)
        empty = self.placed[classes] == 0
        is_last = self.left[classes] <= empty.sum(axis=1)
        missing = (empty & is_last[:, None]).sum(axis=0)
        cost = np.where(missing == missing.max(), self._growth(classes, rows), np.inf)
        self._add(group, int(np.argmin(cost.round(9))))

    def _add(self, group: int, part: int) -> None:
        classes, rows = self.table.of(group)
        self.part[group] = part
        self.placed[classes, part] += rows
        self.size[part] += rows.sum()
        self.left[classes] -= 1

    def _remove(self, group: int) -> None:
        classes, rows = self.table.of(group)
        part = self.part[group]
        self.placed[classes, part] -= rows
        self.size[part] -= rows.sum()
        self.left[classes] += 1

    def _growth(self, classes: Rows, rows: Rows) -> Floats:
        """Return how much the error grows by rows in each part, of shape (n_parts,)."""
        by_class = growth(self.placed[classes], self.wanted[classes], rows[:, None])
        by_size = growth(self.size, self.wanted_size, rows.sum())
        cost: Floats = by_class.sum(axis=0) + _SIZE * len(self.wanted) * by_size
        return cost

    def _growth_of_moves(self, members: Rows, source: int, target: int) -> Floats:
        """Return how much the error grows by each group's move, inf where forbidden.

        No class may leave a part for one that has it already.
        """
        table = self.table
        length = table.start[members + 1] - table.start[members]
        first = np.cumsum(length) - length
        entries = np.repeat(table.start[members] - first, length) + np.arange(
            length.sum()
        )
        classes, rows = table.klass[entries], table.rows[entries]
        here, there = self.placed[classes, source], self.placed[classes, target]
        wanted = self.wanted[classes]
        change = growth(there, wanted[:, target], rows)
        change += growth(here, wanted[:, source], -rows)
        symmetric = self.wanted_size[source] == self.wanted_size[target]
        change[(here == rows) & ((there > 0) | (not symmetric))] = np.inf
        sizes = table.size[members]
        total = growth(self.size[target], self.wanted_size[target], sizes)
        total += growth(self.size[source], self.wanted_size[source], -sizes)
        return np.add.reduceat(change, first) + _SIZE * len(self.wanted) * total

    def _quota(self, code: int, n_rows: int) -> Rows:
        """Return how many single rows of a class each part gets, of sum n_rows."""
        placed, wanted = self.placed[code], self.wanted[code]
        quota = np.zeros(len(wanted), dtype=np.int64)
        empty = placed == 0
        if n_rows > empty.sum():
            quota[empty] = 1
            exact = fill_level(placed + quota, wanted, n_rows - int(quota.sum()))
            quota += np.floor(exact + _LEAST_GAIN).astype(np.int64)
            may_have_more = exact > 0
        else:
            may_have_more = empty
        rest = n_rows - int(quota.sum())
        # none gets two of the rest, so that sizes may decide without harm to the class
        cost = growth(placed + quota, wanted, 1) + len(self.wanted) * growth(
            self.size + quota, self.wanted_size, 1
        )
        cost = np.where(may_have_more, cost, np.inf).round(9)
        order = np.argsort(cost, kind="stable")
        quota[order[:rest]] += 1
        return quota


def growth(placed: Any, wanted: Any, n_rows: Any) -> Floats:
    """Return how much (placed - wanted)**2 / wanted grows by more rows.

    >>> growth(np.array([6.0, 0.0]), np.array([8.0, 2.0]), 2)
    array([-0.5, -2. ])
    """
    return np.asarray(n_rows * (2 * (placed - wanted) + n_rows) / wanted)


def fill_level(placed: Floats, wanted: Floats, n_rows: int) -> Floats:
    """Share rows out so that the parts come to the same multiple of what they want.

    Parameters
    ----------
    placed, wanted : float64 arrays of shape (n_parts,)
        Rows that each part has, and should have in the end.
    n_rows : int

    Returns
    -------
    float64 array of shape (n_parts,)
        Not negative, of sum n_rows; nothing for a part that is above the others.

    Examples
    --------
    >>> fill_level(np.array([5.0, 1.0, 0.0]), np.array([3.0, 3.0, 3.0]), 3)
    array([0., 1., 2.])
    """
    order = np.argsort(placed / wanted, kind="stable")
    have, want = np.cumsum(placed[order]), np.cumsum(wanted[order])
    levels = (n_rows + have) / want  # if only the first parts get rows
    count = np.flatnonzero(levels >= (placed / wanted)[order])[-1]
    return np.asarray(np.maximum(levels[count] * wanted - placed, 0))
