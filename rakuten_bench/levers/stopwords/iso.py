from __future__ import annotations

from rakuten_bench.registry import STOPWORDS


@STOPWORDS.option("iso", digit="3", needs="stopwordsiso")
def iso(language: str) -> frozenset[str]:
    """Remove stop words (stopwords-iso: French 691, English 1,298)."""
    import stopwordsiso

    if not stopwordsiso.has_lang(language):
        return frozenset()
    return frozenset(stopwordsiso.stopwords(language))
