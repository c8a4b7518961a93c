"""Tokenized documents as integer ids, the input of all text levers after the tokenizer."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.corpus.vocabulary import Vocabulary, gather, offsets_of, sort_words
from rakuten_bench.types import Languages, Rows

Tokens = NDArray[np.int32]
Offsets = NDArray[np.int64]
#: Replaces the distinct words of one language: (words, language) -> words.
Rewrite = Callable[[list[str], str], list[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Tokenized documents over one vocabulary.

    Attributes
    ----------
    vocabulary : Vocabulary of n_words
        Sorted, so that ids are in the order of spelling. May contain words that no
        longer occur in a document.
    tokens : int32 array of shape (n_tokens,)
        Word ids of all documents, concatenated.
    offsets : int64 array of shape (n_blocks * n_rows + 1,)
        Document i is `tokens[offsets[i]:offsets[i + 1]]`; row r of block b is document
        `b * n_rows + r`.
    blocks : tuple of str
        Names, such as ("text",) or ("title", "description").
    weights : tuple of float
        Factor of each block's features.
    extra : float64 array of shape (n_rows, n_extra)
        Numeric features beside the words.
    """

    vocabulary: Vocabulary
    tokens: Tokens
    offsets: Offsets
    blocks: tuple[str, ...]
    weights: tuple[float, ...]
    extra: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.extra)

    def take(self, rows: Rows) -> Corpus:
        """Return a corpus of some rows only."""
        rows = np.asarray(rows, np.int64)
        documents = np.concatenate(
            [rows + block * len(self) for block in range(len(self.blocks))]
        )
        tokens, offsets = gather(self.tokens, self.offsets, documents)
        return replace(self, tokens=tokens, offsets=offsets, extra=self.extra[rows])

    def iter_blocks(self) -> Iterator[tuple[Tokens, Offsets]]:
        """Yield each block's tokens, as a view, and its offsets."""
        for block in range(len(self.blocks)):
            offsets = self.offsets[block * len(self) : (block + 1) * len(self) + 1]
            yield self.tokens[offsets[0] : offsets[-1]], offsets - offsets[0]

    def documents(self, block: int = 0) -> list[list[str]]:
        """Return the tokens of each row as strings, for display."""
        words = self.vocabulary.words()
        tokens, offsets = list(self.iter_blocks())[block]
        spelled = [words[token] for token in tokens.tolist()]
        return [spelled[start:stop] for start, stop in pairwise(offsets.tolist())]

    def keep(self, mask: NDArray[np.bool_]) -> Corpus:
        """Return a corpus with some tokens only.

        Parameters
        ----------
        mask : bool array of shape (n_tokens,)
        """
        n_before = np.zeros(len(mask) + 1, np.int64)
        np.cumsum(mask, out=n_before[1:])
        return replace(self, tokens=self.tokens[mask], offsets=n_before[self.offsets])

    def drop_words(
        self, languages: Languages, stop: Callable[[str], frozenset[str]]
    ) -> Corpus:
        """Return a corpus without some words, which may differ by language.

        Words are compared in lower case: "le" drops "Le" too.

        Parameters
        ----------
        languages : Languages of n_rows
        stop : function
            The words to drop from documents in a language.
        """
        words = [word.lower() for word in self.vocabulary.words()]
        kept = np.ones(len(self.tokens), np.bool_)
        for language, mask in self._iter_languages(languages):
            stop_words = stop(language)
            is_stop = np.fromiter(
                map(stop_words.__contains__, words), np.bool_, len(words)
            )
            kept[mask] = ~is_stop[self.tokens[mask]]
        return self.keep(kept)

    def rewrite(self, languages: Languages, change: Rewrite) -> Corpus:
        """Return a corpus with each distinct (language, word) replaced.

        A word whose replacement is empty is dropped.

        Parameters
        ----------
        languages : Languages of n_rows
        change : function
            Called once for each language, with the distinct words of its documents.
        """
        old = self.vocabulary.words()
        spelled: list[str] = []
        tokens = np.empty_like(self.tokens)
        for language, mask in self._iter_languages(languages):
            ids = self.tokens[mask]
            present = np.flatnonzero(np.bincount(ids, minlength=len(old)))
            new_id = np.empty(len(old), np.int32)
            new_id[present] = np.arange(len(spelled), len(spelled) + len(present))
            spelled += change([old[word] for word in present.tolist()], language)
            tokens[mask] = new_id[ids]
        vocabulary, sorted_id = sort_words(spelled)
        rewritten = replace(self, vocabulary=vocabulary, tokens=sorted_id[tokens])
        if (sorted_id < 0).any():
            return rewritten.keep(rewritten.tokens >= 0)
        return rewritten

    def _iter_languages(
        self, languages: Languages
    ) -> Iterator[tuple[str, NDArray[np.bool_] | slice]]:
        """Yield each language that occurs, and a mask of its tokens."""
        present = np.flatnonzero(np.bincount(languages.row))
        if len(present) == 1:  # needs no mask
            yield languages.codes[present[0]], slice(None)
            return
        row = np.tile(languages.row, len(self.blocks))
        language = np.repeat(row, np.diff(self.offsets))
        for code in present.tolist():
            yield languages.codes[code], language == code


def encode(documents: Iterable[list[str]]) -> tuple[Vocabulary, Tokens, Offsets]:
    """Encode tokens as ids; empty tokens are dropped.

    >>> vocabulary, tokens, offsets = encode([["un", "chat"], [], ["chat"]])
    >>> vocabulary.words(), tokens.tolist(), offsets.tolist()
    (['chat', 'un'], [1, 0, 0], [0, 2, 2, 3])
    """
    first_id: defaultdict[str, int] = defaultdict()
    first_id.default_factory = first_id.__len__
    tokens, lengths = array("i"), array("q")
    for document in documents:
        tokens.extend(map(first_id.__getitem__, document))
        lengths.append(len(document))
    vocabulary, sorted_id = sort_words(list(first_id))
    ids = np.empty(0, np.int32)
    if tokens:
        ids = sorted_id[np.frombuffer(tokens, np.int32)]
    n_before = offsets_of((ids >= 0).astype(np.int64))
    offsets = offsets_of(np.array(lengths, np.int64))
    return vocabulary, ids[ids >= 0], n_before[offsets]
