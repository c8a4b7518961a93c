"""Sorted distinct words in two arrays, which can be memory-mapped."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item", bound=np.generic)

#: Within a word, these would make the bigram (a, b) and the word "a b" equal, and the
#: order of bigrams different from that of their spelling.
_SEPARATOR = re.compile("[\x00-\x20]")


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Distinct words in ascending order of their spelling.

    Attributes
    ----------
    characters : uint32 array of shape (n_characters,)
        Code points of all words, concatenated.
    offsets : int64 array of shape (n_words + 1,)
        Word i is `characters[offsets[i]:offsets[i + 1]]`.

    Notes
    -----
    Arrays instead of a tuple of str: 300,000 words are memory-mapped in less than a
    millisecond, and converted to str (40 ms) only in steps that need their spelling.
    """

    characters: NDArray[np.uint32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, words: Collection[str]) -> Vocabulary:
        """Return the vocabulary of distinct, sorted words.

        >>> Vocabulary.of(["bleu", "rouge"]).words()
        ['bleu', 'rouge']
        """
        text = "".join(words).encode("utf-32-le", "surrogatepass")
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        return cls(np.frombuffer(text, np.uint32), offsets_of(lengths))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def words(self) -> list[str]:
        """Return all words."""
        text = self.characters.tobytes().decode("utf-32-le", "surrogatepass")
        return [text[start:stop] for start, stop in pairwise(self.offsets.tolist())]

    def take(self, ids: NDArray[np.integer]) -> Vocabulary:
        """Return a vocabulary of some words; ids must ascend to keep it sorted."""
        return Vocabulary(*gather(self.characters, self.offsets, ids))

    def find(self, words: Vocabulary) -> NDArray[np.int32]:
        """Return the id in this vocabulary of each of other words, -1 if unknown."""
        if len(self) == len(words) and self._same(words):
            return np.arange(len(self), dtype=np.int32)
        id_of = {word: index for index, word in enumerate(self.words())}
        ids = (id_of.get(word, -1) for word in words.words())
        return np.fromiter(ids, np.int32, len(words))

    def _same(self, other: Vocabulary) -> bool:
        return np.array_equal(self.offsets, other.offsets) and np.array_equal(
            self.characters, other.characters
        )


def offsets_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the start of each run of given lengths, and the end of the last one.

    >>> offsets_of(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def gather(
    items: NDArray[Item], offsets: NDArray[np.int64], runs: NDArray[np.integer]
) -> tuple[NDArray[Item], NDArray[np.int64]]:
    """Return the items of some runs, in the given order, and their offsets."""
    starts = offsets[runs]
    lengths = offsets[np.asarray(runs) + 1] - starts
    new = offsets_of(lengths)
    index = np.repeat(starts - new[:-1], lengths)
    index += np.arange(new[-1])
    return items[index], new


def sort_words(words: list[str]) -> tuple[Vocabulary, NDArray[np.int32]]:
    """Return the vocabulary of any words, and the id of each (-1 for an empty word).

    Characters up to U+0020 inside a word become "_".

    >>> vocabulary, ids = sort_words(["rouge", "", "bleu", "rouge"])
    >>> vocabulary.words(), ids.tolist()
    (['bleu', 'rouge'], [1, -1, 0, 1])
    """
    if _SEPARATOR.search("".join(words)):
        words = [_SEPARATOR.sub("_", word) for word in words]
    distinct = sorted(set(words) - {""})
    id_of = {word: index for index, word in enumerate(distinct)}
    ids = (id_of.get(word, -1) for word in words)
    return Vocabulary.of(distinct), np.fromiter(ids, np.int32, len(words))
