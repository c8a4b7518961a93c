"""Texts to the encoded corpus: each distinct text is tokenized once."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from rakuten_bench.corpus import Corpus
from rakuten_bench.corpus.encoded import encode
from rakuten_bench.corpus.vocabulary import gather
from rakuten_bench.errors import Notice
from rakuten_bench.registry import Option
from rakuten_bench.types import Languages, Params, Texts, Values


def apply(
    option: Option,
    params: Params,
    slots: Values,
    given: Params,
) -> Corpus:
    """Tokenize and encode the texts of all blocks, with one vocabulary."""
    texts: Texts = slots["texts"]
    # the same text may be tokenized in two ways if the tokenizer depends on the language
    languages = slots["languages"] if "language" in option.given else None
    groups: defaultdict[str, dict[str, int]] = defaultdict(dict)
    owners = _codes(languages, texts)
    place = [
        groups[code].setdefault(text, len(groups[code]))
        for code, text in zip(owners, chain.from_iterable(texts.columns), strict=True)
    ]
    cut = (
        option.make(list(group), params=params, language=code, **given)
        for code, group in groups.items()
    )
    vocabulary, tokens, offsets = encode(chain.from_iterable(cut))
    documents = _documents(groups, owners, place)
    corpus = Corpus(
        vocabulary,
        *gather(tokens, offsets, documents),
        texts.blocks,
        texts.weights,
        texts.extra,
    )
    _tell_empty(corpus)
    return corpus


def _tell_empty(corpus: Corpus) -> None:
    """Warn of rows without a token; they are kept and predicted."""
    lengths = np.diff(corpus.offsets).reshape(len(corpus.blocks), -1)
    n_empty = int((lengths.sum(axis=0) == 0).sum())
    if n_empty:
        warnings.warn(
            f"{n_empty:,} of {len(corpus):,} rows have no token; they are kept and predicted",
            Notice,
            stacklevel=2,
        )


def _codes(languages: Languages | None, texts: Texts) -> list[str]:
    """Return the language of each document, "" for all if it does not matter."""
    if languages is None:
        return [""] * sum(map(len, texts.columns))
    codes = [languages.codes[code] for code in languages.row.tolist()]
    return codes * len(texts.columns)


def _documents(
    groups: Mapping[str, Mapping[str, int]], owners: list[str], place: list[int]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return which of the distinct texts each document is."""
    before, start = 0, {}
    for code, group in groups.items():
        start[code] = before
        before += len(group)
    first = np.fromiter((start[code] for code in owners), np.int64, len(owners))
    return first + np.array(place, np.int64)
