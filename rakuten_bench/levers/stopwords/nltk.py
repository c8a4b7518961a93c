from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rakuten_bench.errors import UserError
from rakuten_bench.registry import STOPWORDS

#: NLTK's files are named by the English name of a language.
_NAMES = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sl": "slovene",
    "sv": "swedish",
    "tr": "turkish",
}


def _lacks(params: Mapping[str, Any]) -> str:
    del params  # there are none
    import nltk

    try:
        nltk.data.find("corpora/stopwords")
    except LookupError:
        return "NLTK's data set 'stopwords' is not there: python -m nltk.downloader stopwords"
    return ""


@STOPWORDS.option("nltk", digit="1", needs="nltk", lacks=_lacks)
def nltk(language: str) -> frozenset[str]:
    """Leave out NLTK's stop words; its data set `stopwords` must be there.

    Raises
    ------
    UserError
        If the data set is not there: it is not in NLTK's package.
    """
    if language not in _NAMES:
        return frozenset()
    from nltk.corpus import stopwords

    try:
        return frozenset(stopwords.words(_NAMES[language]))
    except LookupError:
        message = (
            "NLTK's data set 'stopwords' is not there: NLTK's package comes without it. "
            "Run: python -m nltk.downloader stopwords (or choose 'iso' or 'spacy', "
            "which need no data)."
        )
        raise UserError(message) from None
    except OSError:  # this version of the data has no file for the language
        return frozenset()
