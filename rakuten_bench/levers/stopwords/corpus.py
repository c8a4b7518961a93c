from __future__ import annotations

from typing import Any

from rakuten_bench.registry import STOPWORDS


@STOPWORDS.preparation(needs="stopwordsiso")
def listed(language: str) -> frozenset[str]:
    """Leave out the words of stopwords-iso."""
    import stopwordsiso

    if not stopwordsiso.has_lang(language):
        return frozenset()
    return frozenset(stopwordsiso.stopwords(language))


@STOPWORDS.option(
    "corpus",
    digit="4",
    needs=("stopwordsiso", "scikit-learn"),
    kind="transform",
    prepare=listed,
)
def corpus(share: float = 0.1) -> Any:
    """Leave out stopwords-iso, and words that a share of every class's rows has."""
    from rakuten_bench.corpus.frequent import FrequentWords

    return FrequentWords(share)
