"""Sizes and durations, read and written: "6GB", "1h30m"."""

from __future__ import annotations

import re

from rakuten_bench.errors import UserError

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
#: Regular expressions of Python and of JSON Schema.
DURATION = rf"(?:{_NUMBER} *[smhd] *)+|{_NUMBER}"
SIZE = rf"({_NUMBER})\s*([KMGTkmgt])([iI]?)[Bb]?"

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}


def parse_duration(value: object) -> float:
    """Return seconds; a bare number counts as seconds.

    Raises
    ------
    UserError
        If it is not a duration, or is zero.

    >>> parse_duration("600s"), parse_duration("1h30m"), parse_duration(2.5)
    (600.0, 5400.0, 2.5)
    """
    text = str(value).strip()
    if isinstance(value, bool) or not _is_duration(text):
        message = f"time limit '{value}' is not a duration such as 90s, 10m or 1h30m."
        raise UserError(message)
    parts = re.findall(rf"({_NUMBER}) *([smhd]?)", text)
    return sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)


def _is_duration(text: str) -> bool:
    return bool(re.fullmatch(DURATION, text)) and bool(re.search("[1-9]", text))


def parse_size(value: object) -> int:
    """Return bytes; K, M, G and T are powers of 1000, Ki, Mi, Gi and Ti of 1024.

    Raises
    ------
    UserError
        If it is not a size, has no unit, or is zero.

    >>> parse_size("6GB"), parse_size("512 MiB")
    (6000000000, 536870912)
    """
    match = re.fullmatch(SIZE, str(value).strip())
    if match is None or not float(match[1]):
        message = f"'{value}' is not a size such as 6GB or 512MiB (with a unit)."
        raise UserError(message)
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS[unit.upper()])


def render_size(size: float) -> str:
    """Return bytes in readable form.

    >>> render_size(6_100_000_000), render_size(12_300), render_size(7)
    ('6.1 GB', '12 kB', '7 B')
    """
    for power, unit in ((4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if size >= 1000**power:
            number = size / 1000**power
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{size:.0f} B"


def render_duration(seconds: float) -> str:
    """Return seconds in readable form.

    >>> render_duration(0.05), render_duration(75), render_duration(7260)
    ('50 ms', '1 min 15 s', '2 h 1 min')
    """
    if 0 < seconds < 0.1:
        return f"{max(1000 * seconds, 1):.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def render_seconds(seconds: float) -> str:
    """Return seconds for a column of a table, with at least two significant digits.

    >>> [render_seconds(one) for one in (0.0123, 3.21, 75.2, 7300)]
    ['0.01 s', '3.2 s', '75 s', '2.0 h']
    """
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h"
    if seconds >= 600:
        return f"{seconds / 60:.0f} min"
    digits = 0 if seconds >= 20 else 1 if seconds >= 1 else 2
    return f"{seconds:.{digits}f} s"


def render_megabytes(size: float) -> str:
    """Return bytes for a column of a table, all in one unit.

    >>> render_megabytes(2_100_000_000), render_megabytes(400_000)
    ('2,100 MB', '0 MB')
    """
    return f"{size / 1e6:,.0f} MB"
