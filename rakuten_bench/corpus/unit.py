"""Split documents into repeated pieces of text, and count the pieces.

The n-grams of characters of a document are those of its pieces, so they are computed
only once for each distinct piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rakuten_bench.corpus.encoded import Offsets, Tokens
from rakuten_bench.corpus.ngram import rank
from rakuten_bench.corpus.vocabulary import Vocabulary, offsets_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_SPACE = ord(" ")

Points = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Distinct pieces of text.

    Attributes
    ----------
    characters : uint32 array of shape (n_characters,)
        Code points.
    offsets : int64 array of shape (n_pieces + 1,)
    least : int64 array of shape (n_characters,) or None
        Length of the shortest n-gram starting here that belongs to the piece; None: any.
    """

    characters: Points
    offsets: Offsets
    least: Offsets | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Distinct pieces of text and their counts in documents.

    Attributes
    ----------
    pieces : Pieces
    counts : CSR matrix of shape (n_documents, n_pieces), canonical
    """

    pieces: Pieces
    counts: csr_matrix


def word_units(
    vocabulary: Vocabulary, tokens: Tokens, offsets: Offsets, dtype: DTypeLike
) -> Units:
    """Return the words with a space before and after each."""
    used, ids = rank(tokens.astype(np.int64))
    padded = np.ones(len(used), np.bool_)
    pieces = _pad(vocabulary.take(used), padded, padded)
    return Units(pieces, _count(ids, offsets, len(used), dtype))


def text_units(
    vocabulary: Vocabulary,
    tokens: Tokens,
    offsets: Offsets,
    high: int,
    dtype: DTypeLike,
) -> Units:
    """Return the words of texts joined by single spaces, and the seams between words.

    An n-gram without an inner space belongs to a word with its adjacent spaces; any
    other belongs to the seam around its first inner space: `high - 2` characters before
    and after that space.
    """
    from scipy.sparse import hstack

    words, word = _edged_words(vocabulary, tokens, offsets)
    counts = _count(word, offsets, len(words), dtype)
    joint = _joints(tokens, offsets)
    if high <= 2 or not len(joint):
        return Units(words, counts)
    seams, seam = _seams(vocabulary, tokens, offsets, joint, high - 2)
    seam_counts = _count(seam, np.searchsorted(joint, offsets), len(seams), dtype)
    return Units(
        _concatenate(words, seams), hstack([counts, seam_counts], format="csr")
    )


def _count(ids: Tokens, offsets: Offsets, size: int, dtype: DTypeLike) -> csr_matrix:
    """Count the ids of each document."""
    from scipy.sparse import csr_matrix

    parts = (np.ones(len(ids), dtype), ids, offsets)
    counts = csr_matrix(parts, shape=(len(offsets) - 1, size))
    counts.sum_duplicates()
    return counts


def _pad(
    words: Vocabulary, before: NDArray[np.bool_], after: NDArray[np.bool_]
) -> Pieces:
    """Pad words with a space before and after, as given by the masks."""
    offsets = words.offsets + offsets_of(before.astype(np.int64) + after)
    padded = np.full(offsets[-1], _SPACE, np.uint32)
    inner = np.ones(len(padded), np.bool_)
    inner[offsets[:-1][before]] = False
    inner[offsets[1:][after] - 1] = False
    padded[inner] = words.characters
    return Pieces(padded, offsets)


def _edged_words(
    vocabulary: Vocabulary, tokens: Tokens, offsets: Offsets
) -> tuple[Pieces, Tokens]:
    """Return the words with adjacent spaces; none at the start and end of a text."""
    filled = offsets[:-1] < offsets[1:]
    spaces = np.full(len(tokens), 3)  # bits: 2 before, 1 after
    spaces[offsets[:-1][filled]] -= 2
    spaces[offsets[1:][filled] - 1] -= 1
    used, ids = rank(tokens.astype(np.int64) * 4 + spaces)
    before = (used & 2) > 0
    pieces = _pad(vocabulary.take(used >> 2), before, (used & 1) > 0)
    least = np.ones(len(pieces.characters), np.int64)
    # the single space counts after a word, not again before the next one
    least[pieces.offsets[:-1][before]] = 2
    return Pieces(pieces.characters, pieces.offsets, least), ids


def _joints(tokens: Tokens, offsets: Offsets) -> Offsets:
    """Return the positions of tokens followed by another one in the same text."""
    has_next = np.ones(len(tokens), np.bool_)
    has_next[offsets[1:][offsets[:-1] < offsets[1:]] - 1] = False
    return np.flatnonzero(has_next)


def _seams(
    vocabulary: Vocabulary,
    tokens: Tokens,
    offsets: Offsets,
    joint: Offsets,
    width: int,
) -> tuple[Pieces, Tokens]:
    """Return the distinct contexts of the spaces between words, and their ids."""
    is_first = np.zeros(len(tokens) + 1, np.bool_)
    is_first[offsets] = True
    key, key_id = rank(tokens[joint] * np.int64(2) + ~is_first[joint])
    before = _last_characters(vocabulary, key >> 1, (key & 1) > 0, width)
    after = _next_characters(vocabulary, tokens, offsets, joint + 1, width)
    right = _rank_rows(after)
    left = _rank_rows(before)[key_id].astype(np.int64)
    distinct, ids = rank(left * (int(right.max(initial=0)) + 1) + right)
    example = np.empty(len(distinct), np.int64)
    example[ids] = np.arange(len(ids))
    space = np.full((len(distinct), 1), _SPACE, np.uint32)
    return _flatten(
        np.hstack([before[key_id[example]], space, after[example]]), width
    ), ids


def _last_characters(
    vocabulary: Vocabulary, words: Offsets, before: NDArray[np.bool_], width: int
) -> Points:
    """Return the last characters of words, including the space before, if any.

    Returns
    -------
    uint32 array of shape (n_words, width)
        Padded with 0 on the left.
    """
    lengths = np.diff(vocabulary.offsets)[words]
    letters = np.zeros((len(words), width), np.uint32)
    for back in range(1, width + 1):
        inside = lengths >= back
        positions = vocabulary.offsets[words[inside] + 1] - back
        letters[inside, width - back] = vocabulary.characters[positions]
        letters[before & (lengths == back - 1), width - back] = _SPACE
    return letters


def _next_characters(
    vocabulary: Vocabulary,
    tokens: Tokens,
    offsets: Offsets,
    start: Offsets,
    width: int,
) -> Points:
    """Return the characters from some tokens on, with a space between tokens.

    Returns
    -------
    uint32 array of shape (n_starts, width)
        Padded with 0 on the right.
    """
    ends = np.repeat(offsets[1:], np.diff(offsets))[start]
    letters = np.zeros((len(start), width), np.uint32)
    token, position = start.copy(), np.zeros(len(start), np.int64)
    for step in range(width):
        word = tokens[token]
        index = vocabulary.offsets[word] + position
        inside = index < vocabulary.offsets[word + 1]
        between = ~inside & (token + 1 < ends)
        letters[inside, step] = vocabulary.characters[index[inside]]
        letters[between, step] = _SPACE
        position = np.where(between, 0, position + inside)
        token += between
    return letters


def _rank_rows(letters: Points) -> Tokens:
    """Return an id for each row; equal rows have the same id."""
    alphabet, codes = rank(letters.ravel().astype(np.int64))
    columns = codes.reshape(letters.shape).T
    key = np.zeros(len(letters), np.int64)
    for column in columns:
        if int(key.max(initial=0)) >= 2**62 // len(alphabet):
            key = rank(key)[1].astype(np.int64)
        key = key * len(alphabet) + column
    return rank(key)[1]


def _flatten(letters: Points, width: int) -> Pieces:
    """Return the rows as pieces whose n-grams contain the middle space as an inner one."""
    filled = letters > 0
    distance = width - np.arange(letters.shape[1])  # to the middle space
    never = letters.shape[1] + 2
    least = np.where(distance > 0, distance + 2, never)
    offsets = offsets_of(filled.sum(axis=1))
    return Pieces(
        letters[filled], offsets, np.broadcast_to(least, letters.shape)[filled]
    )


def _concatenate(first: Pieces, second: Pieces) -> Pieces:
    assert first.least is not None
    assert second.least is not None
    return Pieces(
        np.concatenate([first.characters, second.characters]),
        np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        np.concatenate([first.least, second.least]),
    )
