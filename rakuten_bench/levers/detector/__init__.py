"""The language of each row, found once for each distinct text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rakuten_bench.registry import Option
from rakuten_bench.types import Languages

if TYPE_CHECKING:
    import pandas as pd

#: Characters of a row that a detector looks at: more costs time and settles nothing.
SAMPLE = 300

_MARKUP = re.compile(r"<[^>]*>|&[#\w]+;|\s+")


def apply(
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Languages:
    """Detect the language of the start of each row's title and description."""
    frame = slots["frame"]
    if option.name == "off":
        return _encode(option.make(frame["language"].tolist(), params=params, **given))
    texts = sample(frame)
    distinct = list(dict.fromkeys(texts))
    found = option.make(distinct, params=params, **given)
    language = dict(zip(distinct, found, strict=True))
    return _encode([language[text] for text in texts])


def sample(frame: pd.DataFrame) -> list[str]:
    """Return the start of each row's text, without markup."""
    pairs = zip(
        frame["title"], frame["description"].str.slice(0, 4 * SAMPLE), strict=True
    )
    return [
        _MARKUP.sub(" ", f"{title} {rest}").strip()[:SAMPLE] for title, rest in pairs
    ]


def _encode(codes: Sequence[str]) -> Languages:
    known = sorted(set(codes))
    place = {code: index for index, code in enumerate(known)}
    row = np.fromiter((place[code] for code in codes), np.int16, len(codes))
    return Languages(tuple(known), row, np.ones(len(codes), np.bool_))
