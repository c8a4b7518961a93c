"""Mojibake: UTF-8 decoded with another encoding, such as "Ã©" for "é"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

#: Fewer sequences may be a coincidence, such as "MAÇÃ”" in capitals.
_LEAST = 3
_SHOWN = 30  # characters of an example
_COLUMNS = ("title", "description", "label")


def repair(text: str) -> str:
    """Return a text with its mojibake sequences decoded as UTF-8.

    >>> repair("CafÃ© OK"), repair("CAFÉ À « OK »")
    ('Café OK', 'CAFÉ À « OK »')
    """
    return _sequence().sub(_decode, text)


def remark_mojibake(frame: pd.DataFrame, subject: str) -> Iterator[str]:
    """Report how many rows contain mojibake, and how to fix it.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Some of `types.COLUMNS`.
    subject : str
        The file that messages name.
    """
    rows: set[int] = set()
    n_sequences = n_stray = 0
    for name in _COLUMNS:
        if name not in frame:
            continue
        for row, text in enumerate(frame[name]):
            if text.isascii() or not any(letter in text for letter in _LEADS):
                continue
            n_found = _count(text)
            n_sequences += n_found
            n_stray += 0 if n_found else sum(map(text.count, _STRAY))
            if n_found:
                rows.add(row)
    if n_sequences < _LEAST or n_sequences <= n_stray:
        return
    first = min(rows)
    text = next(
        frame[name].iloc[first]
        for name in _COLUMNS
        if name in frame and _count(frame[name].iloc[first])
    )
    yield (
        f"{subject}: {number(len(rows), 'row')} with text that looks like UTF-8 decoded "
        f"as Windows-1252 and saved again, the first being row {first}, counted "
        f"from 0 without the header: {_show(text)}. It is used unchanged; export the file "
        f"again, or decode it: text.encode('cp1252').decode('utf-8')."
    )


def _count(text: str) -> int:
    return sum(_decode(match) != match[0] for match in _sequence().finditer(text))


def _show(text: str) -> str:
    """Return the first sequence in its context, and the decoded text."""
    match = next(m for m in _sequence().finditer(text) if _decode(m) != m[0])
    start = max(match.start() - _SHOWN // 2, 0)
    part = " ".join(text[start : match.end() + _SHOWN // 2].split())
    shown = "".join(mark if mark.isprintable() else "?" for mark in part)
    return f"'{shown}' for '{repair(part)}'"


def _decode(match: re.Match[str]) -> str:
    """Return the decoded sequence, or the sequence itself if it is not UTF-8."""
    try:
        raw = bytes(_codes().get(letter) or ord(letter) for letter in match[0])
        return raw.decode("utf-8")
    except ValueError:
        return match[0]


@cache
def _codes() -> Mapping[str, int]:
    """Return the bytes that are characters in Windows-1252 but not in Latin-1."""
    return {
        bytes([code]).decode("cp1252"): code
        for code in range(0x80, 0xA0)
        if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
    }


@cache
def _sequence() -> re.Pattern[str]:
    """Match sequences that hardly occur in texts: Latin letters, symbols, long runs of others.

    Capitals before punctuation, as in "CAFÉ »", don't match.
    """
    letter = f"[\x80-\xbf{''.join(_codes())}]"
    return re.compile(
        rf"[\u00c2\u00c3]{letter}"  # Latin-1
        rf"|\u00e2{letter}{{2}}"  # quotes, dashes, the euro
        rf"|\u00f0{letter}{{3}}"  # emoji
        rf"|(?:[\u00c4\u00c5\u00ce-\u00d1\u00d8\u00d9]{letter}){{3,}}"  # other alphabets
        rf"|[\u00e3-\u00e6]{letter}{{2}}(?:[\u00e3-\u00e9]{letter}{{2}})+"  # Chinese, Japanese
    )


#: The first letters of sequences; those that some languages have in words as well.
_LEADS = "\u00c2\u00c3\u00e2\u00f0\u00c4\u00c5\u00ce\u00cf\u00d0\u00d1\u00d8\u00d9\u00e3\u00e4\u00e5\u00e6"
_STRAY = "\u00c2\u00c3\u00e2"
