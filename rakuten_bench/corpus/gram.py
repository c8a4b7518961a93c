"""Vocabularies of word and character n-grams: learn, count and name features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rakuten_bench.corpus.encoded import Offsets, Tokens
from rakuten_bench.corpus.ngram import Index, Span, TermSequence, learn
from rakuten_bench.corpus.term import (
    Terms,
    document_frequency,
    select,
    take_columns,
    total_count,
)
from rakuten_bench.corpus.unit import Pieces, Units, text_units, word_units
from rakuten_bench.corpus.vocabulary import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The documents of one block of a corpus."""

    vocabulary: Vocabulary
    tokens: Tokens
    offsets: Offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1


class Grams(Protocol):
    """Interface of a learned n-gram vocabulary."""

    def __len__(self) -> int:
        """Return the number of features."""

    @classmethod
    def learn(
        cls, block: Block, terms: Terms, dtype: DTypeLike
    ) -> tuple[Self, csr_matrix]:
        """Learn the features of documents; return them and their counts."""

    def count(self, block: Block, dtype: DTypeLike) -> csr_matrix:
        """Count the features in other documents."""

    def names(self) -> list[str]:
        """Return the spelling of each feature."""


@dataclass(frozen=True, slots=True, eq=False)
class WordGrams:
    """N-grams of words.

    Attributes
    ----------
    words : Vocabulary
        The words that occur in features.
    index : Index over `words`
    """

    words: Vocabulary
    index: Index

    def __len__(self) -> int:
        return self.index.n_columns

    @classmethod
    def learn(
        cls, block: Block, terms: Terms, dtype: DTypeLike
    ) -> tuple[Self, csr_matrix]:
        """Count the n-grams of words and select features as set by `terms`."""
        allowed = terms.document_range(len(block))
        span = Span(*terms.ngram_range, floor=allowed[0])
        sequence = TermSequence(block.tokens, block.offsets, len(block.vocabulary))
        index, counts = learn(sequence, span, dtype)
        frequency = document_frequency(counts)
        total = frequency.astype(np.float64) if terms.binary else None
        if terms.max_features is not None and not terms.binary:
            total = total_count(counts)
        kept = select(frequency, total, allowed, terms.max_features)
        index, used = index.take(kept).compact()
        return cls(block.vocabulary.take(used), index), take_columns(counts, kept)

    def count(self, block: Block, dtype: DTypeLike) -> csr_matrix:
        """Count the features in other documents, with any vocabulary."""
        symbols = self.words.find(block.vocabulary)[block.tokens]
        sequence = TermSequence(symbols, block.offsets, len(self.words))
        return self.index.count(sequence, dtype)

    def names(self) -> list[str]:
        """Return the words of each feature, joined by spaces."""
        words = self.words.words()
        return [" ".join([words[i] for i in gram]) for gram in self.index.symbols()]


@dataclass(frozen=True, slots=True, eq=False)
class CharGrams:
    """N-grams of characters within words padded with spaces ("char_wb").

    The n-grams of each distinct word are counted once; a sparse matrix product gives the
    counts of documents.

    Attributes
    ----------
    alphabet : uint32 array
        Code points, ascending.
    index : Index over `alphabet`
    """

    alphabet: NDArray[np.uint32]
    index: Index
    short: ClassVar[bool] = True

    def __len__(self) -> int:
        return self.index.n_columns

    @classmethod
    def learn(
        cls, block: Block, terms: Terms, dtype: DTypeLike
    ) -> tuple[Self, csr_matrix]:
        """Count the n-grams of characters and select features as set by `terms`."""
        units = cls._units(block, terms.ngram_range[1], dtype)
        alphabet = np.unique(units.pieces.characters)
        span = Span(*terms.ngram_range, short=cls.short)
        index, table = learn(_encode_pieces(units.pieces, alphabet), span, dtype)
        kept = _choose(units.counts, table, terms)
        index, letters = index.take(kept).compact()
        counts = _multiply(units.counts, take_columns(table, kept))
        return cls(alphabet[letters], index), counts

    def count(self, block: Block, dtype: DTypeLike) -> csr_matrix:
        """Count the features in other documents, with any vocabulary."""
        units = self._units(block, self.index.span.high, dtype)
        table = self.index.count(_encode_pieces(units.pieces, self.alphabet), dtype)
        return _multiply(units.counts, table)

    def names(self) -> list[str]:
        """Return the spelling of each feature."""
        letters = [chr(point) for point in self.alphabet.tolist()]
        return ["".join([letters[i] for i in gram]) for gram in self.index.symbols()]

    @staticmethod
    def _units(block: Block, high: int, dtype: DTypeLike) -> Units:
        del high
        return word_units(block.vocabulary, block.tokens, block.offsets, dtype)


class TextCharGrams(CharGrams):
    """N-grams of characters of the words joined by single spaces ("char")."""

    short = False

    @staticmethod
    def _units(block: Block, high: int, dtype: DTypeLike) -> Units:
        return text_units(block.vocabulary, block.tokens, block.offsets, high, dtype)


def _encode_pieces(pieces: Pieces, alphabet: NDArray[np.uint32]) -> TermSequence:
    """Encode pieces as sequences of positions in an alphabet, -1 if unknown."""
    if not len(alphabet):
        alphabet = np.zeros(1, np.uint32)
    position = np.searchsorted(alphabet, pieces.characters)
    position[position == len(alphabet)] = 0
    known = alphabet[position] == pieces.characters
    symbols = np.where(known, position, -1).astype(np.int32)
    return TermSequence(symbols, pieces.offsets, len(alphabet), pieces.least)


def _multiply(counts: csr_matrix, table: csr_matrix) -> csr_matrix:
    product = counts @ table
    product.sort_indices()
    return product


def _choose(counts: csr_matrix, table: csr_matrix, terms: Terms) -> NDArray[np.int64]:
    """Return the columns of `counts @ table` to keep, computing as few as possible.

    The document frequency of a feature is at least that of each unit that contains it,
    and at most their sum. These bounds decide most features without a product.
    """
    allowed = terms.document_range(counts.shape[0])
    by_column = table.tocsc()
    frequency = document_frequency(counts)
    most = _reduce(np.add, by_column, frequency)
    least = _reduce(np.maximum, by_column, frequency)
    needs_exact = terms.max_features is not None and terms.binary
    decided = (least >= allowed[0]) & (most <= allowed[1]) & (not needs_exact)
    decided |= (most < allowed[0]) | (least > allowed[1])
    undecided = np.flatnonzero(~decided)
    least[undecided] = document_frequency(counts @ table[:, undecided])
    total = least.astype(np.float64)
    if not terms.binary:
        total = by_column.T @ total_count(counts)
    return select(least, total, allowed, terms.max_features)


def _reduce(
    function: np.ufunc, by_column: csr_matrix, values: NDArray[np.int64]
) -> csr_matrix:
    """Reduce the values of the nonzero rows of each column; no column is empty."""
    if not by_column.nnz:
        return np.zeros(by_column.shape[1], np.int64)
    return function.reduceat(values[by_column.indices], by_column.indptr[:-1])
