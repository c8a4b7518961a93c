"""Count n-grams of words or characters as integers, without building strings.

Documents are sequences of small integers (symbols). N-grams get ids level by level: the
id of an n-gram is the rank of (id of its first n - 1 symbols, last symbol), so that the
ids of each level are in the order of spelling, and keys fit in 64 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rakuten_bench.corpus.vocabulary import offsets_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Ids = NDArray[np.int32]
Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TermSequence:
    """Sequences of symbols, one per document or piece, concatenated.

    Attributes
    ----------
    symbols : int32 array of shape (n_symbols,)
        -1 is an unknown symbol: n-grams with it are not counted.
    offsets : int64 array of shape (n_runs + 1,)
    size : int
        Number of distinct symbols, all of which are smaller.
    least : int64 array of shape (n_symbols,) or None
        Length of the shortest n-gram starting here that is counted; None: any.
    """

    symbols: Ids
    offsets: Keys
    size: int
    least: Keys | None = None

    def left(self) -> Keys:
        """Return the number of symbols from each position to the end of its sequence."""
        ends = np.repeat(self.offsets[1:], np.diff(self.offsets))
        return ends - np.arange(len(self.symbols))


@dataclass(frozen=True, slots=True)
class Span:
    """Range of the n-grams that are counted.

    Attributes
    ----------
    low, high : int
        Shortest and longest n-gram.
    short : bool
        Whether a sequence shorter than `low` is counted as a whole, as in scikit-learn's
        "char_wb".
    floor : int
        N-grams with fewer occurrences, and their extensions, may be skipped.
    """

    low: int
    high: int
    short: bool = False
    floor: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Occurrences of the n-grams of one length in a sequence.

    Attributes
    ----------
    start : int64 array of shape (n_occurrences,)
        Position of the first symbol, ascending.
    id : int32 array of shape (n_occurrences,)
    counted : bool array of shape (n_occurrences,)
    """

    start: Keys
    id: Ids
    counted: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """The n-grams that are features, as a prefix tree.

    Attributes
    ----------
    span : Span
    size : int
        Number of symbols.
    keys : tuple of int64 arrays, one for each length
        Ascending; `id of the first n - 1 symbols * size + last symbol`.
    columns : tuple of int32 arrays, one for each length
        The feature's column; -1 for an n-gram that is only a prefix of others.
    """

    span: Span
    size: int
    keys: tuple[Keys, ...]
    columns: tuple[Ids, ...]

    @property
    def n_columns(self) -> int:
        """Number of features."""
        return sum(int((columns >= 0).sum()) for columns in self.columns)

    def count(
        self, sequence: TermSequence, dtype: DTypeLike = np.float64
    ) -> csr_matrix:
        """Count the occurrences of each feature in each sequence.

        Returns
        -------
        CSR matrix of shape (n_runs, n_columns), canonical
        """
        levels = _find_levels(sequence, self)
        return _count(sequence, levels, self.columns, self.n_columns, dtype)

    def take(self, kept: NDArray[np.integer]) -> Index:
        """Return an index with some columns only, in ascending order."""
        new = np.full(self.n_columns + 1, -1, np.int32)  # the last maps -1 to -1
        new[kept] = np.arange(len(kept))
        return _prune(replace(self, columns=tuple(new[old] for old in self.columns)))

    def compact(self) -> tuple[Index, Keys]:
        """Return an index over the symbols that occur in it, and these symbols."""
        used = np.zeros(self.size, np.bool_)
        for keys in self.keys:
            used[keys % self.size] = True
        symbols, new = np.flatnonzero(used), np.cumsum(used) - 1
        renamed = tuple(
            keys // self.size * len(symbols) + new[keys % self.size]
            for keys in self.keys
        )
        return replace(self, size=len(symbols), keys=renamed), symbols

    def symbols(self) -> list[tuple[int, ...]]:
        """Return each column's symbols."""
        grams: list[tuple[int, ...]] = [()] * self.n_columns
        spelled = np.empty((1, 0), np.int64)
        for keys, columns in zip(self.keys, self.columns, strict=True):
            prefix, last = np.divmod(keys, self.size)
            spelled = np.column_stack([spelled[prefix], last])
            features = np.flatnonzero(columns >= 0)
            for column, row in zip(
                columns[features].tolist(), spelled[features].tolist(), strict=True
            ):
                grams[column] = tuple(row)
        return grams


def learn(
    sequence: TermSequence, span: Span, dtype: DTypeLike = np.float64
) -> tuple[Index, csr_matrix]:
    """Assign columns to the n-grams of a sequence, in the order of spelling; count them.

    Returns
    -------
    index : Index
    counts : CSR matrix of shape (n_runs, n_columns), canonical
    """
    keys, levels = _enumerate(sequence, span)
    flags = [
        np.bincount(level.id[level.counted], minlength=len(level_keys)) > 0
        for level, level_keys in zip(levels, keys, strict=True)
    ]
    index = Index(span, sequence.size, tuple(keys), _number(keys, flags, sequence.size))
    counts = _count(sequence, levels, index.columns, index.n_columns, dtype)
    return index, counts


def rank(keys: Keys) -> tuple[Keys, Ids]:
    """Return the distinct keys, ascending, and the rank of each key among them.

    `np.sort` is several times faster than `np.argsort`, so key and position are packed
    into one integer if both fit in 63 bits. Small keys use a counting sort.

    >>> distinct, ranks = rank(np.array([30, 10, 30]))
    >>> distinct.tolist(), ranks.tolist()
    ([10, 30], [1, 0, 1])
    """
    top, bits = int(keys.max(initial=0)), len(keys).bit_length()
    if top < 4 * len(keys):
        return _rank_by_count(keys, top)
    if top >= 1 << (63 - bits):
        distinct, ranks = np.unique(keys, return_inverse=True)
        return distinct, ranks.astype(np.int32)
    packed = np.sort((keys << bits) | np.arange(len(keys)))
    position = packed & ((1 << bits) - 1)
    packed >>= bits
    is_first = np.ones(len(keys), np.bool_)
    np.not_equal(packed[1:], packed[:-1], out=is_first[1:])
    ids = np.empty(len(keys), np.int32)
    ids[position] = np.cumsum(is_first, dtype=np.int32) - 1
    return packed[is_first], ids


def _rank_by_count(keys: Keys, top: int) -> tuple[Keys, Ids]:
    present = np.zeros(top + 1, np.bool_)
    present[keys] = True
    ranks = np.cumsum(present, dtype=np.int32) - 1
    return np.flatnonzero(present), ranks[keys]


def _enumerate(sequence: TermSequence, span: Span) -> tuple[list[Keys], list[Level]]:
    """Return the distinct n-grams of each length, and their occurrences."""
    keys, levels = [], []
    symbols, left = sequence.symbols, sequence.left()
    start = np.arange(len(symbols))
    prefix = np.zeros(len(start), np.int64)
    for length in range(1, span.high + 1):
        fits = left[start] >= length
        start, prefix = start[fits], prefix[fits]
        distinct, ids = rank(prefix * sequence.size + symbols[start + length - 1])
        distinct, start, ids = _drop_rare(distinct, start, ids, span.floor)
        keys.append(distinct)
        levels.append(Level(start, ids, _counted(sequence, start, left, length, span)))
        if length == 1 and len(start) < len(
            symbols
        ):  # n-grams with a rare symbol are rare
            left = _stop_before_rare(left, start)
        prefix = ids.astype(np.int64)
    return keys, levels


def _drop_rare(
    distinct: Keys, start: Keys, ids: Ids, floor: int
) -> tuple[Keys, Keys, Ids]:
    if floor <= 1:
        return distinct, start, ids
    is_frequent = np.bincount(ids, minlength=len(distinct)) >= floor
    kept = is_frequent[ids]
    ranks = np.cumsum(is_frequent, dtype=np.int32) - 1
    return distinct[is_frequent], start[kept], ranks[ids[kept]]


def _stop_before_rare(left: Keys, start: Keys) -> Keys:
    """Limit the lengths left at each position to the next dropped symbol."""
    rare = np.ones(len(left) + 1, np.bool_)
    rare[start] = False
    dropped = np.flatnonzero(rare)
    following = dropped[np.cumsum(rare[:-1]) - rare[:-1]]
    return np.minimum(left, following - np.arange(len(left)))


def _find_levels(sequence: TermSequence, index: Index) -> list[Level]:
    """Return the occurrences in a sequence of the n-grams of an index."""
    levels = []
    left = sequence.left()
    start = np.flatnonzero(sequence.symbols >= 0)
    prefix = np.zeros(len(start), np.int64)
    for length, keys in enumerate(index.keys, start=1):
        last = sequence.symbols[np.minimum(start + length - 1, len(left) - 1)]
        fits = (left[start] >= length) & (last >= 0)
        start = start[fits]
        ids = _find(keys, prefix[fits] * index.size + last[fits])
        start, prefix = start[ids >= 0], ids[ids >= 0]
        counted = _counted(sequence, start, left, length, index.span)
        levels.append(Level(start, prefix.astype(np.int32), counted))
    return levels


def _find(keys: Keys, wanted: Keys) -> Keys:
    """Return the position of each wanted key in ascending keys, -1 if absent."""
    if not len(keys):
        return np.full(len(wanted), -1)
    distinct, ids = rank(wanted)  # fewer searches, in ascending order: cache-friendly
    position = np.searchsorted(keys, distinct)
    position[position == len(keys)] = 0
    return np.where(keys[position] == distinct, position, -1)[ids]


def _counted(
    sequence: TermSequence, start: Keys, left: Keys, length: int, span: Span
) -> NDArray[np.bool_]:
    """Return which occurrences are counted, not only prefixes of longer n-grams."""
    if length >= span.low:
        if sequence.least is None:
            return np.ones(len(start), np.bool_)
        return sequence.least[start] <= length
    if not span.short:
        return np.zeros(len(start), np.bool_)
    first = np.zeros(len(left) + 1, np.bool_)
    first[sequence.offsets] = True
    return first[start] & (left[start] == length)


def _number(
    keys: list[Keys], flags: list[NDArray[np.bool_]], size: int
) -> tuple[Ids, ...]:
    """Assign columns to n-grams in the order of their spellings.

    An n-gram precedes its extensions, and these precede the next n-gram of its length:
    its column is the number of features before it in a preorder traversal.
    """
    below = [flag.astype(np.int64) for flag in flags]
    for level in range(len(keys) - 1, 0, -1):
        prefix = keys[level] // size
        below[level - 1] += np.bincount(
            prefix, weights=below[level], minlength=len(keys[level - 1])
        ).astype(np.int64)
    first = offsets_of(below[0])[:-1]
    columns = [np.where(flags[0], first, -1).astype(np.int32)]
    for level in range(1, len(keys)):
        prefix = keys[level] // size
        before = offsets_of(below[level])
        first_child = np.searchsorted(prefix, np.arange(len(first)))
        first = (first + flags[level - 1] - before[first_child])[prefix] + before[:-1]
        columns.append(np.where(flags[level], first, -1).astype(np.int32))
    return tuple(columns)


def _prune(index: Index) -> Index:
    """Remove n-grams that are neither features nor prefixes of features."""
    keys, columns = list(index.keys), list(index.columns)
    for level in range(len(keys) - 1, -1, -1):
        needed = columns[level] >= 0
        if level + 1 < len(keys):
            prefix, last = np.divmod(keys[level + 1], index.size)
            needed[prefix] = True
            new_id = np.cumsum(needed) - 1
            keys[level + 1] = new_id[prefix] * index.size + last
        keys[level], columns[level] = keys[level][needed], columns[level][needed]
    return replace(index, keys=tuple(keys), columns=tuple(columns))


def _count(
    sequence: TermSequence,
    levels: list[Level],
    columns: tuple[Ids, ...],
    n_columns: int,
    dtype: DTypeLike,
) -> csr_matrix:
    """Sum the counts of all levels by sequence; each level is a sparse matrix."""
    from scipy.sparse import csr_matrix

    shape = (len(sequence.offsets) - 1, n_columns)
    total = csr_matrix(shape, dtype=dtype)
    for level, column in zip(levels, columns, strict=True):
        features = column[level.id]
        counted = level.counted & (features >= 0)
        if not counted.any():
            continue
        start, features = level.start[counted], features[counted]
        indptr = np.searchsorted(start, sequence.offsets)
        values = np.ones(len(features), dtype)
        counts = csr_matrix((values, features, indptr), shape=shape)
        counts.sum_duplicates()
        total = counts if total.nnz == 0 else total + counts
    return total
