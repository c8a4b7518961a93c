"""Levers, numbers and labels in readable form."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

_FEW = 3  # levers that are listed although they are off
_JOINER = "\u200d"


class HasLevers(Protocol):
    """A record, or the part of it that a board reads."""

    @property
    def modality(self) -> str:
        """One of "text", "image" and "fusion"."""

    @property
    def members(self) -> Sequence[Mapping[str, Any]]:
        """Members of a fusion: `modality`, `levers` and `params` of each."""

    @property
    def levers(self) -> dict[str, str]:
        """Lever -> option."""

    @property
    def params(self) -> dict[str, dict[str, Any]]:
        """Lever -> parameters that differ from the option's defaults."""


def option_words(row: HasLevers, lever: str) -> str:
    """Return the option of a lever with its parameters; "" if there is no such lever.

    >>> from types import SimpleNamespace as Row
    >>> row = Row(
    ...     levers={"model": "svc"}, params={"model": {"C": 0.2, "gamma": "auto"}}
    ... )
    >>> option_words(row, "model")
    'svc(C=0.2, gamma=auto)'
    """
    return _option(row.levers, row.params, lever)


def _option(
    levers: Mapping[str, str], settings: Mapping[str, dict[str, Any]], lever: str
) -> str:
    option = levers.get(lever, "")
    params = settings.get(lever)
    if not params:
        return option
    return f"{option}({params_words(params)})"


def params_words(params: Mapping[str, object]) -> str:
    """Write parameters briefly.

    >>> params_words({"alpha": 0.25, "norm": True})
    'alpha=0.25, norm=True'
    """
    return ", ".join(f"{name}={_value(value)}" for name, value in params.items())


def _value(value: object) -> str:
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
    """Return every lever of a scenario in words, and the members of a fusion."""
    words = {lever: option_words(row, lever) for lever in row.levers}
    members = enumerate(row.members, 1)
    return words | {f"member {place}": _member(one) for place, one in members}


def _member(one: Mapping[str, Any], common: Mapping[str, str] | None = None) -> str:
    """Return the options of a fusion's member that are on, and not common to all.

    >>> _member({"levers": {"crop": "off", "feature": "hog"}, "params": {}})
    'hog'
    """
    options = {k: _option(one["levers"], one["params"], k) for k in one["levers"]}
    known = dict.fromkeys(options, "off") | dict(common or {})
    return " · ".join(
        option
        for lever, option in options.items()
        if option not in ("off", known[lever])
    )


def lever_names(rows: Iterable[HasLevers]) -> list[str]:
    """Return the levers of all rows, each once, in their order."""
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row.levers))
        names.update(
            (f"member {place}", None) for place in range(1, len(row.members) + 1)
        )
    return list(names)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Options shared by the scenarios of a modality, and ambiguous option names."""

    common: Mapping[str, str]
    ambiguous: set[str]

    @classmethod
    def of(cls, rows: Sequence[HasLevers]) -> _Kind:
        options = {
            lever: {
                option_words(row, lever)
                if lever in row.params  # else not worth a call for each of thousands
                else row.levers.get(lever, "")
                for row in rows
            }
            for lever in lever_names(rows)
        }
        common = {
            lever: next(iter(words))
            for lever, words in options.items()
            if len(rows) > 1 and len(words) == 1
        }
        varying = {lever: w for lever, w in options.items() if lever not in common}
        return cls(common, _ambiguous(varying))


class Wording:
    """Describes each scenario by what differs from the others of its modality on a board.

    Text, image and fusion scenarios have different levers, so each modality is described
    separately; the only scenario of a modality is described in full.

    Parameters
    ----------
    rows : sequence of rows with levers
    """

    def __init__(self, rows: Sequence[HasLevers]) -> None:
        kinds: dict[str, list[HasLevers]] = defaultdict(list)
        for row in rows:
            kinds[row.modality].append(row)
        self._kinds = {name: _Kind.of(found) for name, found in sorted(kinds.items())}

    def __call__(self, row: HasLevers) -> str:
        """Return the options that distinguish a scenario, except those that are off.

        If all are off, they are listed if they are few.
        """
        kind = self._kinds[row.modality]
        parts, off = [], []
        for lever in row.levers:
            option = option_words(row, lever)
            if option == "off" and lever not in kind.common:
                off.append(f"{lever}=off")
            elif option and lever not in kind.common:
                named = option.partition("(")[0] in kind.ambiguous
                parts.append(f"{lever}={option}" if named else option)
        parts += [f"({self._member(one)})" for one in row.members]
        if not parts:
            parts = off if len(off) <= _FEW else ["all off"]
        return " · ".join(parts) or "the same"

    def _member(self, one: Mapping[str, Any]) -> str:
        """Describe a member of a fusion like the scenarios of its modality."""
        kind = self._kinds.get(one.get("modality", ""))
        return _member(one, kind.common if kind else {})

    @property
    def caption(self) -> str:
        """Return the options that scenarios share; "" if there are none."""
        several = len(self._kinds) > 1
        return " ".join(
            sentence
            for name, kind in self._kinds.items()
            for sentence in _caption(
                f"all {name} scenarios" if several else "all", kind.common
            )
        )


def _caption(who: str, common: Mapping[str, str]) -> list[str]:
    on = [f"{k}={v}" for k, v in common.items() if v not in ("", "off")]
    off = [lever for lever, option in common.items() if option == "off"]
    sentences = []
    if on:
        sentences.append(f"The same in {who}: {', '.join(on)}.")
    if off:
        sentences.append(f"Off in {who}: {', '.join(off)}.")
    return sentences


def _ambiguous(options: Mapping[str, set[str]]) -> set[str]:
    """Return option names that occur under more than one lever."""
    seen: set[str] = set()
    twice: set[str] = set()
    for words in options.values():
        names = {option.partition("(")[0] for option in words}
        twice |= names & seen
        seen |= names
    return twice


def clean(text: str, length: int | None = None) -> str:
    r"""Return a text on one line without control characters, cut to a length.

    A label or a title may contain an escape sequence for the terminal, or a
    mark that reverses the rest of the line. The joiner inside emoji is kept.

    >>> clean("a\x1b[31mb\nc"), clean("abcdef", 4)
    ('a [31mb c', 'abc…')
    """
    line = "".join(c if c.isprintable() or c == _JOINER else " " for c in text)
    if length is not None and len(line) > length:
        return line[: length - 1] + "…"
    return line


def one_line(text: str) -> str:
    r"""Return a message on one line, with escaped line breaks, as of file names.

    >>> one_line("a\nb")
    'a\\nb'
    """
    return clean(text.replace("\n", r"\n"))


#: Characters that control a terminal or the direction of text: control characters
#: but for line ends and tabs, marks of direction, separators of lines, tags, and halves of
#: characters.
_ACTIVE = re.compile(
    "(?!\r\n)[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e"
    "\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def escape_controls(text: str) -> str:
    r"""Return a text with terminal control characters escaped as in Python.

    Line ends are kept.

    >>> escape_controls("a\x1b[31mb\n\u202ec")
    'a\\x1b[31mb\n\\u202ec'
    """
    return _ACTIVE.sub(lambda match: ascii(match[0])[1:-1], text)


def escape_json(text: str) -> str:
    r"""Return JSON with terminal control characters in its strings escaped.

    >>> escape_json('{"a": "\u202e"}')
    '{"a": "\\u202e"}'
    """
    return _ACTIVE.sub(lambda match: json.dumps(match[0])[1:-1], text)


def class_name(label: str, names: Mapping[str, str]) -> str:
    """Return a label with its readable name.

    >>> class_name("10", {"10": "used books"}), class_name("x", {})
    ('10 used books', 'x')
    """
    name = names.get(label, "")
    return clean(f"{label} {name}" if name and name != label else label)


def score_words(value: float, digits: int = 4) -> str:
    """Write a score without its leading zero.

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


def percent(share: float) -> str:
    """Write a share in percent.

    >>> percent(0.4118)
    '41 %'
    """
    return f"{100 * share:.0f} %"


def number(count: int, noun: str, plural: str = "") -> str:
    """Return a count and its noun.

    >>> number(1, "scenario"), number(2000, "scenario")
    ('1 scenario', '2,000 scenarios')
    >>> number(2, "class", "classes")
    '2 classes'
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
