from __future__ import annotations

from rakuten_bench.registry import NORMALIZER


@NORMALIZER.option("lemma_simplemma", digit="3", needs="simplemma")
def lemma_simplemma(tokens: list[str], language: str) -> list[str]:
    """Lemmatization with simplemma (54 languages)."""
    from simplemma import lemmatize
    from simplemma.strategies.dictionaries.dictionary_factory import (
        SUPPORTED_LANGUAGES,
    )

    if language not in SUPPORTED_LANGUAGES:
        return tokens
    lemmas = (lemmatize(token, lang=language) for token in tokens)
    # lowercase stays lowercase: German tables capitalize nouns
    return [
        lemma.lower() if token.islower() else lemma
        for token, lemma in zip(tokens, lemmas, strict=True)
    ]
