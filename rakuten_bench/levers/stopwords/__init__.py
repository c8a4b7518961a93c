"""Stop word removal: token ids are dropped, no text is read twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rakuten_bench.corpus import Corpus
from rakuten_bench.registry import Option
from rakuten_bench.types import Languages


def apply(
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Corpus:
    """Drop the words that the option lists for each row's language."""

    def stop(language: str) -> frozenset[str]:
        return option.make(params=params, **{**given, "language": language})

    corpus: Corpus = slots["corpus"]
    languages = slots.get("languages") or Languages.unknown(len(corpus))
    return corpus.drop_words(languages, stop)
