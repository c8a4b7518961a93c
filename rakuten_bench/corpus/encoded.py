"""Documents as integers: what every text lever after the tokenizer works on."""

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
#: Changes the spelling of distinct words of one language: (words, language) -> words.
Rewrite = Callable[[list[str], str], list[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Tokenized documents over one vocabulary.

    Attributes
    ----------
    vocabulary : Vocabulary of n_words
        Sorted, so that the order of ids is the order of spellings. May hold words that
        no document has any more.
    tokens : int32 array of shape (n_tokens,)
        Ids of all documents, one after the other.
    offsets : int64 array of shape (n_blocks * n_rows + 1,)
        Document i is `tokens[offsets[i]:offsets[i + 1]]`; row r of block b is document
        `b * n_rows + r`.
    blocks : tuple of str
        Names, such as ("text",) or ("title", "description").
    weights : tuple of float
        How much each block's vectors count.
    extra : float64 array of shape (n_rows, n_extra)
        Numbers that go to the model beside the words.
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
        """Return the same of some rows only."""
        rows = np.asarray(rows, np.int64)
        documents = np.concatenate(
            [rows + block * len(self) for block in range(len(self.blocks))]
        )
        tokens, offsets = gather(self.tokens, self.offsets, documents)
        return replace(self, tokens=tokens, offsets=offsets, extra=self.extra[rows])

    def iter_blocks(self) -> Iterator[tuple[Tokens, Offsets]]:
        """Yield each block's tokens and offsets; nothing is copied but the offsets."""
        for block in range(len(self.blocks)):
            offsets = self.offsets[block * len(self) : (block + 1) * len(self) + 1]
            yield self.tokens[offsets[0] : offsets[-1]], offsets - offsets[0]

    def documents(self, block: int = 0) -> list[list[str]]:
        """Return the tokens of each row as text; to look at, not to compute with."""
        words = self.vocabulary.words()
        tokens, offsets = list(self.iter_blocks())[block]
        spelled = [words[token] for token in tokens.tolist()]
        return [spelled[start:stop] for start, stop in pairwise(offsets.tolist())]

    def keep(self, mask: NDArray[np.bool_]) -> Corpus:
        """Return the same with some tokens only.

        Parameters
        ----------
        mask : bool array of shape (n_tokens,)
        """
        kept = np.zeros(len(mask) + 1, np.int64)
        np.cumsum(mask, out=kept[1:])
        return replace(self, tokens=self.tokens[mask], offsets=kept[self.offsets])

    def drop_words(
        self, languages: Languages, stop: Callable[[str], frozenset[str]]
    ) -> Corpus:
        """Return the same without some words, which may differ by language.

        A word is compared in lower case: "Le" goes with "le".

        Parameters
        ----------
        languages : Languages of n_rows
        stop : function
            The words to drop from documents in a language.
        """
        words = [word.lower() for word in self.vocabulary.words()]
        kept = np.ones(len(self.tokens), np.bool_)
        for language, where in self._iter_languages(languages):
            dropped = stop(language)
            banned = np.fromiter(map(dropped.__contains__, words), np.bool_, len(words))
            kept[where] = ~banned[self.tokens[where]]
        return self.keep(kept)

    def rewrite(self, languages: Languages, change: Rewrite) -> Corpus:
        """Return the same with each distinct (language, word) spelled anew.

        A word whose new spelling is empty is dropped.

        Parameters
        ----------
        languages : Languages of n_rows
        change : function
            Called once for each language, with the distinct words of its documents.
        """
        old = self.vocabulary.words()
        spelled: list[str] = []
        tokens = np.empty_like(self.tokens)
        for language, where in self._iter_languages(languages):
            ids = self.tokens[where]
            present = np.flatnonzero(np.bincount(ids, minlength=len(old)))
            place = np.empty(len(old), np.int32)
            place[present] = np.arange(len(spelled), len(spelled) + len(present))
            spelled += change([old[word] for word in present.tolist()], language)
            tokens[where] = place[ids]
        vocabulary, order = sort_words(spelled)
        renamed = replace(self, vocabulary=vocabulary, tokens=order[tokens])
        return renamed.keep(renamed.tokens >= 0) if (order < 0).any() else renamed

    def _iter_languages(
        self, languages: Languages
    ) -> Iterator[tuple[str, NDArray[np.bool_] | slice]]:
        """Yield each language that occurs, and which tokens are in it."""
        present = np.flatnonzero(np.bincount(languages.row))
        if len(present) == 1:  # no need to look at each token's row
            yield languages.codes[present[0]], slice(None)
            return
        row = np.tile(languages.row, len(self.blocks))
        language = np.repeat(row, np.diff(self.offsets))
        for code in present.tolist():
            yield languages.codes[code], language == code


def encode(documents: Iterable[list[str]]) -> tuple[Vocabulary, Tokens, Offsets]:
    """Replace tokens by numbers; empty tokens are left out.

    >>> vocabulary, tokens, offsets = encode([["un", "chat"], [], ["chat"]])
    >>> vocabulary.words(), tokens.tolist(), offsets.tolist()
    (['chat', 'un'], [1, 0, 0], [0, 2, 2, 3])
    """
    seen: defaultdict[str, int] = defaultdict()
    seen.default_factory = seen.__len__
    tokens, lengths = array("i"), array("q")
    for document in documents:
        tokens.extend(map(seen.__getitem__, document))
        lengths.append(len(document))
    vocabulary, place = sort_words(list(seen))
    ids = place[np.frombuffer(tokens, np.int32)] if tokens else np.empty(0, np.int32)
    kept = offsets_of((ids >= 0).astype(np.int64))
    offsets = offsets_of(np.array(lengths, np.int64))
    return vocabulary, ids[ids >= 0], kept[offsets]
