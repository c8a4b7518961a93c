"""Recognize UTF-16 and UTF-32 from the first bytes of a text."""

from __future__ import annotations

import codecs

_WIDE_MARKS = {  # UTF-32 first: its little-endian mark starts with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MANY_NULS = 0.2  # share of every other byte: UTF-16 of a European language


def wide_encoding(sample: bytes) -> str:
    """Return the UTF-16 or UTF-32 codec of a text, "" for any other encoding.

    >>> wide_encoding("name".encode("utf-16"))
    'utf-16'
    >>> wide_encoding("name".encode("utf-16-le"))
    'utf-16-le'
    >>> wide_encoding(b"name")
    ''
    """
    for mark, name in _WIDE_MARKS.items():
        if sample.startswith(mark):
            return name
    half = max(len(sample) // 2, 1)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > _MANY_NULS and even < odd / 10:
        return "utf-16-le"
    if even > _MANY_NULS and odd < even / 10:
        return "utf-16-be"
    return ""
