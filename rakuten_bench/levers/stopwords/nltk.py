from __future__ import annotations

import os
import sys
from pathlib import Path

from rakuten_bench.errors import UserError
from rakuten_bench.registry import STOPWORDS, Files
from rakuten_bench.types import Params

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


#: Where NLTK searches after NLTK_DATA and the home folder (nltk.data.path).
_SHARED = tuple(
    f"{folder}/nltk_data"
    for folder in (
        *(sys.prefix, f"{sys.prefix}/share", f"{sys.prefix}/lib"),
        *("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib"),
    )
)


def find_lists() -> list[str]:
    """Return where NLTK may find its stop words; asking NLTK would take seconds."""
    named = filter(None, os.environ.get("NLTK_DATA", "").split(os.pathsep))
    own = [os.path.expanduser(one) for one in (*named, "~/nltk_data")]  # noqa: PTH111
    # pathlib's fails where there is no home folder; this one leaves `~` as it is
    folders = [*map(Path, own), *_SHARED]
    return [
        f"{folder}/corpora/{name}"
        for folder in folders
        for name in ("stopwords", "stopwords.zip")
    ]


def _lacks(params: Params) -> str:
    del params  # there are none
    if any(Path(one).exists() for one in find_lists()):
        return ""
    return "NLTK's data set 'stopwords' not found: python -m nltk.downloader stopwords"


@STOPWORDS.option(
    "nltk", digit="1", needs="nltk", files=Files(find=find_lists), lacks=_lacks
)
def nltk(language: str) -> frozenset[str]:
    """Remove stop words (NLTK; needs its data set `stopwords`).

    Raises
    ------
    UserError
        If the data set is not found: NLTK's package does not include it.
    """
    if language not in _NAMES:
        return frozenset()
    from nltk.corpus import stopwords

    try:
        return frozenset(stopwords.words(_NAMES[language]))
    except LookupError:
        message = (
            "NLTK's data set 'stopwords' not found: NLTK's package does not include it. "
            "Run: python -m nltk.downloader stopwords (or choose 'iso' or 'spacy', "
            "which need no data)."
        )
        raise UserError(message) from None
    except OSError:  # this version of the data has no file for the language
        return frozenset()
