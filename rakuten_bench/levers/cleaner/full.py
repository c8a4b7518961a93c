from __future__ import annotations

import re
import unicodedata

from rakuten_bench.corpus.markup import strip_html
from rakuten_bench.registry import CLEANER

_PUNCTUATION = re.compile(r"[^\w\s]|_")
_NUMBER = re.compile(r"\d+")
#: Control characters that are Windows-1252 letters read as Latin-1.
_CONTROLS = re.compile("[\x80-\x9f]")
#: Two bytes of UTF-8 read as two letters of Latin-1: "Ã©" for "é".
_TWO_BYTES = re.compile("[\xc2\xc3][\x80-\xbf]")


@CLEANER.option("full", digit="2")
def full(
    texts: list[str],
    *,
    encoding: bool = True,
    lowercase: bool = True,
    accents: bool = False,
    punctuation: bool = False,
    numbers: bool = False,
    min_length: int = 1,
) -> list[str]:
    """Remove HTML, punctuation and numbers, and fix broken encodings.

    Parameters
    ----------
    texts : list of str
    encoding : bool
        Whether to fix characters decoded with the wrong encoding.
    lowercase : bool
        Whether to lowercase the text.
    accents, punctuation, numbers : bool
        Whether to keep them.
    min_length : int
        Shorter words are removed.
    """
    short = re.compile(rf"\b\w{{1,{min_length - 1}}}\b") if min_length > 1 else None
    removed = [
        pattern
        for pattern, kept in ((_PUNCTUATION, punctuation), (_NUMBER, numbers))
        if not kept
    ]
    removed += [short] if short else []

    def clean(text: str) -> str:
        text = strip_html(text)
        text = mend(text) if encoding else text
        text = text.lower() if lowercase else text
        text = text if accents else strip_accents(text)
        for pattern in removed:
            text = pattern.sub(" ", text)
        return text

    return [clean(text) for text in texts]


def mend(text: str) -> str:
    """Fix characters that were decoded with the wrong encoding.

    >>> mend("cafÃ© d'Ã©tÃ© Â·")
    "café d'été ·"
    """
    if text.isascii():
        return text
    text = _TWO_BYTES.sub(lambda two: two[0].encode("latin-1").decode("utf-8"), text)
    return _CONTROLS.sub(
        lambda one: one[0].encode("latin-1").decode("cp1252", "replace"), text
    )


def strip_accents(text: str) -> str:
    """Return a text without accents.

    >>> strip_accents("Œuvre à l'été")
    "Œuvre a l'ete"
    """
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join([letter for letter in parts if not unicodedata.combining(letter)])
