from __future__ import annotations

from rakuten_bench.registry import NORMALIZER


@NORMALIZER.option("stem_snowball", digit="1", needs="PyStemmer")
def stem_snowball(tokens: list[str], language: str) -> list[str]:
    """Snowball stemming (PyStemmer)."""
    import Stemmer

    try:
        stemmer = Stemmer.Stemmer(language, 0)  # no cache: each word comes once
    except KeyError:  # Snowball has no rules for this language
        return tokens
    return stemmer.stemWords(tokens)
