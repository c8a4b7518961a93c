"""Pieces of text that come again and again, and how often each stands in a document.

The n-grams of characters of a document are those of its pieces, so they are found once
for each distinct piece.
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
        Length of the shortest n-gram from here on that is the piece's; None: any.
    """

    characters: Points
    offsets: Offsets
    least: Offsets | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Distinct pieces of text and where they stand.

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
    both = np.ones(len(used), np.bool_)
    pieces = _pad(vocabulary.take(used), both, both)
    return Units(pieces, _count(ids, offsets, len(used), dtype))


def text_units(
    vocabulary: Vocabulary,
    tokens: Tokens,
    offsets: Offsets,
    high: int,
    dtype: DTypeLike,
) -> Units:
    """Return the words, and the seams between words, of texts with single spaces.

    An n-gram without a space inside belongs to a word and the spaces beside it; any
    other belongs to the first space inside it, between the end of a word (and the space
    before) and what follows: `high - 2` characters on either side are enough.
    """
    from scipy.sparse import hstack

    words, word = _edged_words(vocabulary, tokens, offsets)
    counts = _count(word, offsets, len(words), dtype)
    joint = _joints(tokens, offsets)
    if high <= 2 or not len(joint):
        return Units(words, counts)
    seams, seam = _seams(vocabulary, tokens, offsets, joint, high - 2)
    among = _count(seam, np.searchsorted(joint, offsets), len(seams), dtype)
    return Units(_chain(words, seams), hstack([counts, among], format="csr"))


def _count(ids: Tokens, offsets: Offsets, size: int, dtype: DTypeLike) -> csr_matrix:
    """Return how often each id stands in each run."""
    from scipy.sparse import csr_matrix

    parts = (np.ones(len(ids), dtype), ids, offsets)
    counts = csr_matrix(parts, shape=(len(offsets) - 1, size))
    counts.sum_duplicates()
    return counts


def _pad(
    words: Vocabulary, before: NDArray[np.bool_], after: NDArray[np.bool_]
) -> Pieces:
    """Put a space before and after words where told."""
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
    """Return the words with the spaces beside them, fewer at the ends of a text."""
    runs = offsets[:-1] < offsets[1:]
    edge = np.full(len(tokens), 3)
    edge[offsets[:-1][runs]] -= 2
    edge[offsets[1:][runs] - 1] -= 1
    used, ids = rank(tokens.astype(np.int64) * 4 + edge)
    before = (used & 2) > 0
    pieces = _pad(vocabulary.take(used >> 2), before, (used & 1) > 0)
    least = np.ones(len(pieces.characters), np.int64)
    # the space alone is counted behind a word, not once more before the next
    least[pieces.offsets[:-1][before]] = 2
    return Pieces(pieces.characters, pieces.offsets, least), ids


def _joints(tokens: Tokens, offsets: Offsets) -> Offsets:
    """Return the places of tokens that another one follows in the same text."""
    follows = np.ones(len(tokens), np.bool_)
    follows[offsets[1:][offsets[:-1] < offsets[1:]] - 1] = False
    return np.flatnonzero(follows)


def _seams(
    vocabulary: Vocabulary,
    tokens: Tokens,
    offsets: Offsets,
    joint: Offsets,
    width: int,
) -> tuple[Pieces, Tokens]:
    """Return what stands around the spaces between words."""
    is_first = np.zeros(len(tokens) + 1, np.bool_)
    is_first[offsets] = True
    key, place = rank(tokens[joint] * np.int64(2) + ~is_first[joint])
    before = _read_back(vocabulary, key >> 1, (key & 1) > 0, width)
    after = _read_on(vocabulary, tokens, offsets, joint + 1, width)
    right = _rank_rows(after)
    left = _rank_rows(before)[place].astype(np.int64)
    distinct, ids = rank(left * (int(right.max(initial=0)) + 1) + right)
    example = np.empty(len(distinct), np.int64)
    example[ids] = np.arange(len(ids))
    space = np.full((len(distinct), 1), _SPACE, np.uint32)
    return _flatten(
        np.hstack([before[place[example]], space, after[example]]), width
    ), ids


def _read_back(
    vocabulary: Vocabulary, words: Offsets, before: NDArray[np.bool_], width: int
) -> Points:
    """Return the last characters of words, with the space before where there is one.

    Returns
    -------
    uint32 array of shape (n_words, width)
        0 on the left where there are fewer.
    """
    lengths = np.diff(vocabulary.offsets)[words]
    letters = np.zeros((len(words), width), np.uint32)
    for back in range(1, width + 1):
        has = lengths >= back
        places = vocabulary.offsets[words[has] + 1] - back
        letters[has, width - back] = vocabulary.characters[places]
        letters[before & (lengths == back - 1), width - back] = _SPACE
    return letters


def _read_on(
    vocabulary: Vocabulary,
    tokens: Tokens,
    offsets: Offsets,
    start: Offsets,
    width: int,
) -> Points:
    """Return the characters of texts from some tokens on, a space between tokens.

    Returns
    -------
    uint32 array of shape (n_starts, width)
        0 on the right where the text is shorter.
    """
    ends = np.repeat(offsets[1:], np.diff(offsets))[start]
    letters = np.zeros((len(start), width), np.uint32)
    token, place = start.copy(), np.zeros(len(start), np.int64)
    for step in range(width):
        word = tokens[token]
        at = vocabulary.offsets[word] + place
        inside = at < vocabulary.offsets[word + 1]
        between = ~inside & (token + 1 < ends)
        letters[inside, step] = vocabulary.characters[at[inside]]
        letters[between, step] = _SPACE
        place = np.where(between, 0, place + inside)
        token += between
    return letters


def _rank_rows(letters: Points) -> Tokens:
    """Return a number for each row; equal rows have the same one."""
    alphabet, place = rank(letters.ravel().astype(np.int64))
    columns = place.reshape(letters.shape).T
    key = np.zeros(len(letters), np.int64)
    for column in columns:
        if int(key.max(initial=0)) >= 2**62 // len(alphabet):
            key = rank(key)[1].astype(np.int64)
        key = key * len(alphabet) + column
    return rank(key)[1]


def _flatten(letters: Points, width: int) -> Pieces:
    """Return the rows as pieces whose n-grams reach over the space in the middle."""
    filled = letters > 0
    until = width - np.arange(letters.shape[1])
    never = letters.shape[1] + 2
    least = np.where(until > 0, until + 2, never)
    offsets = offsets_of(filled.sum(axis=1))
    return Pieces(
        letters[filled], offsets, np.broadcast_to(least, letters.shape)[filled]
    )


def _chain(first: Pieces, second: Pieces) -> Pieces:
    assert first.least is not None
    assert second.least is not None
    return Pieces(
        np.concatenate([first.characters, second.characters]),
        np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        np.concatenate([first.least, second.least]),
    )
