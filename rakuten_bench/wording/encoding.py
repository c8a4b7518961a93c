"""Text for terminals and files whose encoding lacks some of its characters."""

from __future__ import annotations

import codecs

#: Name of the error handler of `encode`.
SPELL = "rakuten_bench.spell"
#: Our symbols that older code pages lack. Other characters are never replaced with ones
#: that they could be confused with.
_PLAIN = str.maketrans(
    {
        "─": "-",
        "·": "|",
        "…": "...",
        "±": "+-",
        "→": "->",
        "←": "<-",
        "■": "#",
        "█": "#",
    }
)


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace characters that an encoding lacks: our symbols simplified, others escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].translate(_PLAIN)
    return lacking.encode("ascii", "backslashreplace").decode("ascii"), error.end


codecs.register_error(SPELL, _spell)


def spell(text: str, encoding: str) -> str:
    r"""Return a text with the characters of an encoding only.

    >>> spell("é ── ±.01 \u65e5", "cp1252"), spell("é ─ ±", "ascii")
    ('é -- ±.01 \\u65e5', '\\xe9 - +-')
    """
    return text.encode(encoding, SPELL).decode(encoding)
