from __future__ import annotations

from rakuten_bench.registry import NORMALIZER

_NAMES = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
}


@NORMALIZER.option("stem_nltk", digit="5", needs="nltk")
def stem_nltk(tokens: list[str], language: str) -> list[str]:
    """Snowball stemming (NLTK: slower, older rules)."""
    if language not in _NAMES:
        return tokens
    from nltk.stem.snowball import SnowballStemmer

    return list(map(SnowballStemmer(_NAMES[language]).stem, tokens))
