"""The space of a search, as a scenario file names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.registry import Choices, Dimension, Integer, Option, Real


def read_space(model: Option, named: Mapping[str, Any] | None) -> dict[str, Dimension]:
    """Return the space of a search: the model's own, or what a scenario file names.

    A file gives a list of values, or `{low, high, log}` for a range, for each parameter.

    Raises
    ------
    UserError
        For a parameter that the model does not have, or a space that is no space.
    """
    if not named:
        if not model.space:
            message = f"model '{model.name}' has no space to search; name one: space."
            raise UserError(message)
        return dict(model.space)
    return {name: _dimension(model, name, value) for name, value in named.items()}


def _dimension(model: Option, name: str, value: Any) -> Dimension:
    if name not in model.parameters:
        raise UserError(unknown(f"parameter of {model.name}", name, model.parameters))
    convert = model.parameters[name].convert
    if isinstance(value, Mapping):
        missing = {"low", "high"} - set(value)
        if missing or not value["low"] < value["high"]:
            message = f"space of '{name}': {dict(value)} needs low < high (and log)."
            raise UserError(message)
        whole = all(isinstance(value[end], int) for end in ("low", "high"))
        kind = Integer if whole and model.parameters[name].type is int else Real
        return kind(value["low"], value["high"], bool(value.get("log", False)))
    if isinstance(value, list | tuple) and value:
        return Choices(tuple(convert(one) for one in value))
    message = f"space of '{name}': {value!r} is neither a list of values nor a range."
    raise UserError(message)
