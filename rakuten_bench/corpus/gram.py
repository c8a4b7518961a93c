"""The n-grams that are features, with their spelling: of words, or of characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.corpus.encoded import Offsets, Tokens
from rakuten_bench.corpus.ngram import Index, Sequence, Span, learn
from rakuten_bench.corpus.vocabulary import Vocabulary
from rakuten_bench.errors import UserError

_SPACE = ord(" ")


@dataclass(frozen=True, slots=True)
class Terms:
    """Which n-grams are features, as scikit-learn's vectorizers understand it.

    Attributes
    ----------
    ngram_range : (int, int)
        Shortest and longest.
    min_df, max_df : int or float
        Fewest and most documents that a feature may stand in; a float is a share.
    max_features : int or None
        How many of the most frequent are kept.
    binary : bool
        Whether a feature counts once for each document that it stands in.
    """

    ngram_range: tuple[int, int] = (1, 1)
    min_df: int | float = 1
    max_df: int | float = 1.0
    max_features: int | None = None
    binary: bool = False

    def document_range(self, n_documents: int) -> tuple[float, float]:
        """Return the fewest and the most documents as numbers.

        Raises
        ------
        UserError
            If no feature can be both.
        """
        low = self.min_df if isinstance(self.min_df, int) else self.min_df * n_documents
        high = (
            self.max_df if isinstance(self.max_df, int) else self.max_df * n_documents
        )
        if high < low:
            message = (
                f"max_df {self.max_df!r} is less than min_df {self.min_df!r} over "
                f"{n_documents} rows. Raise max_df or lower min_df."
            )
            raise UserError(message)
        return low, high


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The documents of one block of a corpus."""

    vocabulary: Vocabulary
    tokens: Tokens
    offsets: Offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def sequence(self) -> Sequence:
        """Return the documents as runs of words."""
        return Sequence(self.tokens, self.offsets, len(self.vocabulary))


class Grams(Protocol):
    """Learned features."""

    def __len__(self) -> int:
        """Return how many there are."""

    @classmethod
    def learn(cls, block: Block, terms: Terms) -> tuple[Self, Any]:
        """Return the features of some documents and how often each stands in each."""

    def count(self, block: Block) -> Any:
        """Return how often each feature stands in other documents."""

    def names(self) -> list[str]:
        """Return the spelling of each feature."""


@dataclass(frozen=True, slots=True, eq=False)
class WordGrams:
    """N-grams of words.

    Attributes
    ----------
    words : Vocabulary
        The words that stand in a feature; none that was not learned from.
    index : Index over `words`
    """

    words: Vocabulary
    index: Index

    def __len__(self) -> int:
        return self.index.n_columns

    @classmethod
    def learn(cls, block: Block, terms: Terms) -> tuple[Self, Any]:
        """Count the n-grams of words and keep what the terms allow."""
        index, counts = learn(block.sequence(), Span(*terms.ngram_range), np.float64)
        kept = select(document_frequency(counts), _total(counts), len(block), terms)
        index, used = index.take(kept).compact()
        return cls(block.vocabulary.take(used), index), take_columns(counts, kept)

    def count(self, block: Block) -> Any:
        """Count the features in other documents, whatever their vocabulary."""
        symbols = self.words.find(block.vocabulary)[block.tokens]
        sequence = Sequence(symbols, block.offsets, len(self.words))
        return self.index.count(sequence, np.float64)

    def names(self) -> list[str]:
        """Return the words of each feature with a space between."""
        words = self.words.words()
        return [" ".join([words[i] for i in gram]) for gram in self.index.symbols()]


@dataclass(frozen=True, slots=True, eq=False)
class CharGrams:
    """N-grams of characters inside words, with a space at both ends of a word.

    scikit-learn's "char_wb" over the tokens with spaces between. Which n-grams a word
    has is found once for each distinct word; a sparse product does the rest.

    Attributes
    ----------
    alphabet : uint32 array
        Code points, ascending.
    index : Index over `alphabet`
    """

    alphabet: NDArray[np.uint32]
    index: Index

    def __len__(self) -> int:
        return self.index.n_columns

    @classmethod
    def learn(cls, block: Block, terms: Terms) -> tuple[Self, Any]:
        """Count the n-grams of characters and keep what the terms allow."""
        used, words = _word_counts(block)
        padded, offsets = _pad(block.vocabulary.take(used))
        alphabet = np.unique(padded)
        symbols = np.searchsorted(alphabet, padded).astype(np.int32)
        sequence = Sequence(symbols, offsets, len(alphabet))
        index, table = learn(sequence, Span(*terms.ngram_range, short=True), np.float64)
        counts = words @ table
        counts.sort_indices()
        kept = select(document_frequency(counts), _total(counts), len(block), terms)
        index, letters = index.take(kept).compact()
        return cls(alphabet[letters], index), take_columns(counts, kept)

    def count(self, block: Block) -> Any:
        """Count the features in other documents, whatever their vocabulary."""
        used, words = _word_counts(block)
        padded, offsets = _pad(block.vocabulary.take(used))
        place = np.searchsorted(self.alphabet, padded)
        place[place == len(self.alphabet)] = 0
        known = self.alphabet[place] == padded
        symbols = np.where(known, place, -1).astype(np.int32)
        table = self.index.count(
            Sequence(symbols, offsets, len(self.alphabet)), np.float64
        )
        counts = words @ table
        counts.sort_indices()
        return counts

    def names(self) -> list[str]:
        """Return the spelling of each feature."""
        letters = [chr(point) for point in self.alphabet.tolist()]
        return ["".join([letters[i] for i in gram]) for gram in self.index.symbols()]


def select(
    frequency: NDArray[np.int64],
    total: NDArray[np.float64],
    n_documents: int,
    terms: Terms,
) -> NDArray[np.int64]:
    """Return the columns to keep, ascending; the same as scikit-learn's, or none.

    Parameters
    ----------
    frequency : int64 array of shape (n_features,)
        How many documents have a feature.
    total : float64 array of shape (n_features,)
        How often it stands in all of them.
    """
    low, high = terms.document_range(n_documents)
    kept = np.flatnonzero((frequency >= low) & (frequency <= high))
    if terms.max_features is not None and len(kept) > terms.max_features:
        # the very expression of scikit-learn, so that ties go the same way
        order = (-(frequency if terms.binary else total)[kept].astype(float)).argsort()
        kept = np.sort(kept[order[: terms.max_features]])
    return kept


def document_frequency(counts: Any) -> NDArray[np.int64]:
    """Return how many rows of a canonical CSR matrix have each column."""
    return np.bincount(counts.indices, minlength=counts.shape[1])


def _total(counts: Any) -> NDArray[np.float64]:
    size = counts.shape[1]
    total = np.bincount(counts.indices, weights=counts.data, minlength=size)
    return total.astype(np.float64, copy=False)


def take_columns(matrix: Any, kept: NDArray[np.int64]) -> Any:
    """Return some columns of a CSR matrix, in ascending order; linear in its entries."""
    from scipy.sparse import csr_matrix

    if len(kept) == matrix.shape[1]:
        return matrix
    new = np.full(matrix.shape[1], -1, np.int32)
    new[kept] = np.arange(len(kept))
    indices = new[matrix.indices]
    found = indices >= 0
    before = np.zeros(len(found) + 1, np.int64)
    np.cumsum(found, out=before[1:])
    parts = (matrix.data[found], indices[found], before[matrix.indptr])
    return csr_matrix(parts, shape=(matrix.shape[0], len(kept)))


def _word_counts(block: Block) -> tuple[NDArray[np.int64], Any]:
    """Return the words that stand in some documents, and how often each does."""
    from scipy.sparse import csr_matrix

    present = np.bincount(block.tokens, minlength=len(block.vocabulary)) > 0
    used = np.flatnonzero(present)
    columns = (np.cumsum(present) - 1)[block.tokens]
    parts = (np.ones(len(columns)), columns, block.offsets)
    counts = csr_matrix(parts, shape=(len(block), len(used)))
    counts.sum_duplicates()
    return used, counts


def _pad(words: Vocabulary) -> tuple[NDArray[np.uint32], Offsets]:
    """Put a space before and after each word."""
    offsets = words.offsets + 2 * np.arange(len(words) + 1)
    padded = np.full(offsets[-1], _SPACE, np.uint32)
    inner = np.ones(len(padded), np.bool_)
    inner[offsets[:-1]] = inner[offsets[1:] - 1] = False
    padded[inner] = words.characters
    return padded, offsets
