"""The language of each row, detected once for each distinct text.

A detector reads the start of a row's title and description, without markup, and returns
an ISO 639-1 code, or "" if undecided.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rakuten_bench.corpus.markup import strip_html
from rakuten_bench.errors import UserError, unknown
from rakuten_bench.registry import Option
from rakuten_bench.types import Languages, Params, Values

if TYPE_CHECKING:
    import pandas as pd

#: Characters of a row that a detector reads: more costs time without better results.
SAMPLE = 300

#: Candidate languages by default. On titles of two to four words a
#: short list matters more than the detector: 24 of 40 right among all languages, 37 among
#: five (py3langid).
LANGUAGES = ("fr", "en", "de", "nl", "it", "es", "pt")


def apply(
    option: Option,
    params: Params,
    slots: Values,
    given: Params,
) -> Languages:
    """Detect the language of every row; `off` uses the data set's language only."""
    frame = slots["frame"]
    texts = frame["language"].tolist() if option.name == "off" else sample(frame)
    distinct = list(dict.fromkeys(texts))
    found = option.make(distinct, params=params, **given)
    language = dict(zip(distinct, found, strict=True))
    return _encode([language[text] for text in texts])


def sample(frame: pd.DataFrame) -> list[str]:
    """Return the start of each row's text in one line, without markup."""
    starts = frame["description"].str.slice(0, 4 * SAMPLE)
    pairs = zip(frame["title"], starts, strict=True)
    plain = (strip_html(f"{title} {start}") for title, start in pairs)
    return [" ".join(text.split())[:SAMPLE] for text in plain]


def check_languages(
    detector: str, languages: Collection[str], known: Collection[str]
) -> list[str]:
    """Return the candidate languages; all known ones if none is named.

    Raises
    ------
    UserError
        If the detector does not know one.
    """
    for language in languages:
        if language not in known:
            message = f"detector '{detector}': {unknown('language', language, known)}"
            raise UserError(message)
    return [
        language for language in sorted(known) if language in languages or not languages
    ]


def _encode(codes: Sequence[str]) -> Languages:
    known = sorted(set(codes))
    place = {code: index for index, code in enumerate(known)}
    row = np.fromiter((place[code] for code in codes), np.int16, len(codes))
    return Languages(tuple(known), row, np.ones(len(codes), np.bool_))
