"""Convert a value as written to the type that an option declares for it."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
import types
from collections.abc import Callable, Mapping
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from rakuten_bench.errors import UserError

#: A declared type: a class, a union, a literal, an annotated one.
Hint: TypeAlias = object

#: Texts that are read as a number where one is expected (Python's and JSON Schema's
#: regular expression), and as true or false.
NUMBER = (
    r"[-+]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.?(?:inf|Inf|INF)"
)
SWITCH = {"yes": True, "on": True, "no": False, "off": False}
SWITCH |= {"true": True, "false": False}
_NUMBER = re.compile(rf"{NUMBER}|\.?nan")


def convert(value: object, wanted: Hint) -> Any:
    """Return a value in the declared type, lists as tuples.

    A text that is a number is read as one where a number is expected, and yes, no, on
    and off as true or false where a boolean is.

    Raises
    ------
    UserError
        If it is invalid; says what is expected. Also for NaN, which equals nothing.

    >>> convert("1e-3", float), convert("1e3", int), convert("yes", bool)
    (0.001, 1000, True)
    """
    found = _fit(value, wanted)
    if _has_nan(found):
        message = f"{value!r} is invalid: NaN is not allowed."
        raise UserError(message)
    return found


def _fit(value: object, wanted: Hint) -> Any:
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        for read in (_read_number, _read_whole_number, _read_switch):
            changed = _each(value, read)
            try:
                return msgspec.convert(changed, wanted)
            except msgspec.ValidationError:
                continue
        message = f"{value!r} is invalid: {_wording(wanted, error)}."
        raise UserError(message) from None


def _each(value: object, read: Callable[[object], object]) -> object:
    if isinstance(value, Mapping):
        return {key: _each(one, read) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_each(one, read) for one in value]
    return read(value)


def _read_whole(value: object) -> object:
    """Return a whole float such as 1e3 as an int."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read_number(text: object) -> object:
    plain = text.strip().lower() if isinstance(text, str) else ""
    if not _NUMBER.fullmatch(plain):
        return text
    with contextlib.suppress(ValueError):
        return int(plain)
    with contextlib.suppress(ValueError):  # such as 1__0
        return float(plain.replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _read_whole_number(text: object) -> object:
    return _read_whole(_read_number(text))


def _read_switch(text: object) -> object:
    return SWITCH.get(text.strip().lower(), text) if isinstance(text, str) else text


def _has_nan(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_nan, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_nan, value))
    return isinstance(value, float) and math.isnan(value)


def spell(value: Any, written: Any, wanted: Hint) -> Any:
    """Return a value with the original spelling where a text is expected.

    A column may be called 010, 1.50, yes or null. If a text or another type is
    expected, the other type is tried first.

    Parameters
    ----------
    value : object
        As parsed: 10, 1.5, True or None.
    written : object
        The same with a text in place of everything but mappings and lists.
    wanted : type
        The declared type.

    >>> spell([10, None], ["010", "null"], list[str])
    ['010', 'null']
    >>> spell(10, "010", int | str), spell(None, "null", str | None)
    (10, None)
    """
    origin, inside = get_origin(wanted), get_args(wanted)
    if origin in (Annotated, Union, types.UnionType):
        return _spell_any(value, written, inside[:1] if origin is Annotated else inside)
    if isinstance(value, Mapping):
        kinds = _entry_types(wanted)
        return {
            key: spell(one, written[key], kinds.get(key, kinds.get("", Any)))
            for key, one in value.items()
        }
    if isinstance(value, list):
        items = zip(value, written, _item_types(wanted, len(value)), strict=True)
        return [spell(*one) for one in items]
    is_text = wanted is str or (origin is Literal and written in inside)
    return written if is_text else value


def _spell_any(value: Any, written: Any, alternatives: tuple[Hint, ...]) -> Any:
    """Spell a value by the first alternative that accepts it, texts last."""
    for wanted in sorted(alternatives, key=lambda one: one is str):
        spelled = spell(value, written, wanted)
        with contextlib.suppress(msgspec.ValidationError):
            msgspec.convert(spelled, wanted)
            return spelled
    return value


def _entry_types(wanted: Hint) -> dict[str, Hint]:
    """Return the types of a mapping's entries by name, of all others under ""."""
    origin, inside = get_origin(wanted), get_args(wanted)
    if isinstance(origin, type) and issubclass(origin, Mapping) and len(inside) == 2:
        return {"": inside[1]}
    if dataclasses.is_dataclass(wanted) or hasattr(wanted, "__struct_fields__"):
        return get_type_hints(wanted)
    return {}


def _item_types(wanted: Hint, n_items: int) -> list[Hint]:
    """Return the type of each item of a list."""
    inside = [one for one in get_args(wanted) if one is not Ellipsis]
    if len(inside) == n_items:
        return inside
    return (inside[:1] or [Any]) * n_items


def plain_json(value: Any) -> Any:
    """Return a value with infinities as texts: JSON would turn them into null.

    >>> plain_json({"C": (1.0, float("inf"))})
    {'C': (1.0, 'inf')}
    """
    if isinstance(value, Mapping):
        return {key: plain_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain_json(one) for one in value)
    return str(value) if isinstance(value, float) and math.isinf(value) else value


_NAMES: Mapping[Hint, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    type(None): "null",
}


def _wording(wanted: Hint, error: Exception) -> str:
    """Return the declared type in words, or msgspec's message."""
    parts = _alternatives(wanted)
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return str(error)
    return f"expected {' or '.join(dict.fromkeys(known))}"


def _alternatives(wanted: Hint) -> list[str]:
    origin, inside = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return [words for one in inside for words in _alternatives(one)]
    if origin is Literal:
        return [f"'{one}'" if isinstance(one, str) else str(one) for one in inside]
    return [_single(wanted, origin, inside)]


def _single(wanted: Hint, origin: Hint, inside: tuple[Hint, ...]) -> str:
    if origin in (tuple, list):
        return _list_wording(inside)
    is_mapping = isinstance(origin, type) and issubclass(origin, Mapping)
    return "a mapping" if is_mapping else _NAMES.get(wanted, "")


def _list_wording(inside: tuple[Hint, ...]) -> str:
    kinds = [one for one in inside if one is not Ellipsis]
    words = {words for one in kinds for words in _alternatives(one)}
    if "" in words:
        return ""
    count = "" if Ellipsis in inside or len(inside) < 2 else f" of {len(inside)}"
    return f"a list{count}, each {' or '.join(sorted(words))}"
