"""Stop word removal: token ids are dropped, no text is read twice."""

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
    """Drop the words that the option lists for each row's language."""

    def stop(language: str) -> frozenset[str]:
        return option.make(params=params, **{**given, "language": language})

    corpus: Corpus = slots["corpus"]
    languages = slots.get("languages") or Languages.unknown(len(corpus))
    return corpus.drop_words(languages, stop)
