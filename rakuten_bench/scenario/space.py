"""Search spaces, as written in a scenario file."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from rakuten_bench.errors import Problems, UserError, unknown
from rakuten_bench.registry import Choices, Dimension, Integer, Option, Parameter, Real
from rakuten_bench.types import Params


def read_space(
    model: Option, named: Params | None, given: Collection[str] = ()
) -> dict[str, Dimension]:
    """Return the space of a search: the model's default, or that of the scenario file.

    Parameters
    ----------
    model : Option
    named : mapping or None
        As written in the file: for each parameter a list of values, or `{low, high, log}`
        for a range.
    given : collection of str
        Parameters that the scenario sets: they keep their value, and are not part of
        the model's default space.

    Raises
    ------
    UserError
        For a space that is empty.
    Problems
        For every parameter that is unknown, set by the scenario, shared by all
        candidates, or whose values are invalid.
    """
    if named is None:
        free = {name: one for name, one in model.space.items() if name not in given}
        if not free:
            message = (
                f"model '{model.name}' has no default search space; set one: space."
            )
            raise UserError(message)
        return free
    if not named:
        message = (
            "space is empty. Name a parameter, or omit it for the model's default."
        )
        raise UserError(message)
    found, problems = {}, []
    for name, value in named.items():
        try:
            found[name] = _dimension(model, name, value, given)
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise Problems(problems)
    return found


def write_space(dimensions: Mapping[str, Dimension]) -> dict[str, object]:
    """Return a space as written in a scenario file.

    >>> write_space({"C": Real(0.1, 10.0, True), "solver": Choices(("a", "b"))})
    {'C': {'low': 0.1, 'high': 10.0, 'log': True}, 'solver': ['a', 'b']}
    """
    return {
        name: list(one.values)
        if isinstance(one, Choices)
        else {"low": one.low, "high": one.high, "log": one.log}
        for name, one in dimensions.items()
    }


def _dimension(
    model: Option, name: str, value: object, given: Collection[str]
) -> Dimension:
    known = model.own(model.parameters)
    if name in given:
        message = (
            f"space of '{name}': the scenario sets this parameter of '{model.name}'. "
            f"Remove one of the two."
        )
        raise UserError(message)
    if name in model.parameters and name not in known:
        message = (
            f"space of '{name}': all candidates of model '{model.name}' share it. "
            f"Set it as a parameter of the model."
        )
        raise UserError(message)
    if name not in known:
        raise UserError(unknown(f"parameter of {model.name}", name, known))
    if isinstance(value, Mapping):
        return _range(known[name], value)
    if isinstance(value, list | tuple) and value:
        return _values(known[name], value)
    message = f"space of '{name}': {value!r} is neither a list of values nor a range."
    raise UserError(message)


def _values(parameter: Parameter, value: list[object] | tuple[object, ...]) -> Choices:
    found = tuple(parameter.convert(one) for one in value)
    if len(found) == 1:
        why = "has only one value. Set it as a parameter of the model."
        raise _refusal(parameter, list(value), why)
    if any(found.count(one) > 1 for one in found):
        raise _refusal(parameter, list(value), "has a duplicate value. Remove it.")
    return Choices(found)


def _range(parameter: Parameter, value: Params) -> Real | Integer:
    wanted = "needs low < high (and log)."
    if not {"low", "high"} <= set(value) <= {"low", "high", "log"}:
        raise _refusal(parameter, dict(value), wanted)
    low, high = (parameter.convert(value[end]) for end in ("low", "high"))
    if not (_is_number(low) and _is_number(high) and low < high):
        raise _refusal(parameter, dict(value), wanted)
    log = value.get("log", False)
    if not isinstance(log, bool):
        raise _refusal(parameter, dict(value), "needs true or false for log.")
    if log and low <= 0:
        raise _refusal(parameter, dict(value), "needs low > 0 if log is true.")
    kind = Integer if isinstance(low, int) and isinstance(high, int) else Real
    return kind(low, high, log)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _refusal(parameter: Parameter, value: object, why: str) -> UserError:
    return UserError(f"space of '{parameter.name}': {value} {why}")
