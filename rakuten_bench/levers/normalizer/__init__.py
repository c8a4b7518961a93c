"""Stemming and lemmatization: each distinct (language, token) once."""

from __future__ import annotations

from rakuten_bench.corpus import Corpus
from rakuten_bench.registry import Option
from rakuten_bench.types import Languages, Params, Values


def apply(
    option: Option,
    params: Params,
    slots: Values,
    given: Params,
) -> Corpus:
    """Normalize the distinct tokens of each language."""

    def change(tokens: list[str], language: str) -> list[str]:
        return option.make(tokens, params=params, **{**given, "language": language})

    corpus: Corpus = slots["corpus"]
    languages = slots.get("languages") or Languages.unknown(len(corpus))
    return corpus.rewrite(languages, change)
