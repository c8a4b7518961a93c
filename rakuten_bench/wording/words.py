"""Levers, numbers and labels as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

_JOINER = "\u200d"


class HasLevers(Protocol):
    """A record, or the part of it that a board reads."""

    @property
    def levers(self) -> dict[str, str]:
        """Lever -> option."""

    @property
    def params(self) -> dict[str, dict[str, Any]]:
        """Lever -> parameters that differ from the option's defaults."""


def option_words(row: HasLevers, lever: str) -> str:
    """Return the option of a lever with its parameters; "" where there is no lever.

    >>> from types import SimpleNamespace as Row
    >>> row = Row(
    ...     levers={"model": "svc"}, params={"model": {"C": 0.2, "gamma": "auto"}}
    ... )
    >>> option_words(row, "model")
    'svc(C=0.2, gamma=auto)'
    """
    option = row.levers.get(lever, "")
    params = row.params.get(lever)
    if not params:
        return option
    inside = ", ".join(f"{name}={_value(value)}" for name, value in params.items())
    return f"{option}({inside})"


def _value(value: Any) -> str:
    """Write a parameter's value briefly.

    >>> _value([1, 2]), _value(0.30000000000000004), _value(None)
    ('1-2', '0.3', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return "-".join(_value(item) for item in value)
    return str(value)


def all_words(row: HasLevers) -> dict[str, str]:
    """Return every lever of a scenario in words."""
    return {lever: option_words(row, lever) for lever in row.levers}


def lever_names(rows: Iterable[HasLevers]) -> list[str]:
    """Return the levers of all rows, each once, in their order."""
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row.levers))
    return list(names)


class Wording:
    """Says of each scenario only what tells it from the others of its board.

    Parameters
    ----------
    rows : sequence of rows with levers
    """

    def __init__(self, rows: Sequence[HasLevers]) -> None:
        words = {
            lever: [option_words(row, lever) for row in rows]
            for lever in lever_names(rows)
        }
        self.common = {
            lever: column[0] for lever, column in words.items() if len(set(column)) == 1
        }
        self.varying = [lever for lever in words if lever not in self.common]
        self._ambiguous = _ambiguous({k: words[k] for k in self.varying})

    def __call__(self, row: HasLevers) -> str:
        """Return the options that tell a scenario apart, those that are off left out."""
        parts = []
        for lever in self.varying:
            option = option_words(row, lever)
            if option and option != "off":
                named = option.partition("(")[0] in self._ambiguous
                parts.append(f"{lever}={option}" if named else option)
        return " · ".join(parts) or "all off"

    @property
    def caption(self) -> str:
        """Return the options that all scenarios share; "" where there are none."""
        on = [f"{k}={v}" for k, v in self.common.items() if v not in ("", "off")]
        off = [lever for lever, option in self.common.items() if option == "off"]
        parts = []
        if on:
            parts.append(f"The same in all: {', '.join(on)}.")
        if off:
            parts.append(f"Off in all: {', '.join(off)}.")
        return " ".join(parts)


def _ambiguous(words: Mapping[str, Sequence[str]]) -> set[str]:
    """Return option names that occur under more than one lever."""
    seen: set[str] = set()
    twice: set[str] = set()
    for column in words.values():
        names = {option.partition("(")[0] for option in column}
        twice |= names & seen
        seen |= names
    return twice


def clean(text: str, length: int | None = None) -> str:
    r"""Return a text on one line without control characters, cut to a length.

    A label or a title may hold anything: an escape sequence for the terminal, or a
    mark that turns the rest of the line around. The joiner inside emoji stays.

    >>> clean("a\x1b[31mb\nc"), clean("abcdef", 4)
    ('a [31mb c', 'abc…')
    """
    line = "".join(c if c.isprintable() or c == _JOINER else " " for c in text)
    if length is not None and len(line) > length:
        return line[: length - 1] + "…"
    return line


def class_name(label: str, names: Mapping[str, str]) -> str:
    """Return a label with its readable name.

    >>> class_name("10", {"10": "used books"}), class_name("x", {})
    ('10 used books', 'x')
    """
    name = names.get(label, "")
    return clean(f"{label} {name}" if name and name != label else label)


def score_words(value: float, digits: int = 4) -> str:
    """Write a score without its zero.

    >>> score_words(0.81234), score_words(1.0), score_words(-0.0123, 3)
    ('.8123', '1.0000', '-.012')
    """
    return f"{value:.{digits}f}".replace("0.", ".", 1)


def signed(value: float) -> str:
    """Write a difference of scores with its sign.

    >>> signed(0.01234), signed(-0.5), signed(0.00001)
    ('+.0123', '-.5000', '.0000')
    """
    rounded = round(value, 4)
    text = f"{abs(rounded):.4f}".replace("0.", ".", 1)
    return text if rounded == 0 else f"{'+' if rounded > 0 else '-'}{text}"


def seconds(value: float) -> str:
    """Write a duration so that two digits or more count.

    >>> seconds(0.0123), seconds(3.21), seconds(75.2), seconds(7300)
    ('0.01 s', '3.2 s', '75 s', '2.0 h')
    """
    if value >= 3600:
        return f"{value / 3600:.1f} h"
    if value >= 600:
        return f"{value / 60:.0f} min"
    digits = 0 if value >= 20 else 1 if value >= 1 else 2
    return f"{value:.{digits}f} s"


def number(count: int, noun: str) -> str:
    """Return a count and its noun.

    >>> number(1, "scenario"), number(2000, "scenario")
    ('1 scenario', '2,000 scenarios')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
