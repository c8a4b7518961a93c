"""Parameters of a scenario's estimator: its levers, and those of their options.

A lever's value is the name of an option, or a mapping from it to its parameters, as in a
scenario file. A parameter is `model__C`; one of a fusion's member is
`members__0__model__C`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.registry import LEVERS, Option
from rakuten_bench.scenario.load import read_scenario, write_scenario
from rakuten_bench.types import Modality, Params

_MEMBERS = "members"


def list_nested(modality: Modality, levers: Params) -> dict[str, Any]:
    """Return the parameters of the options of levers, defaults included.

    An invalid option has none: parameters are validated by `fit`, as in scikit-learn.

    >>> nested = list_nested("text", {"cleaner": "off", "model": {"logreg": {"C": 3}}})
    >>> nested["model__C"], nested["model__tol"]
    (3, 0.0001)
    """
    nested = {}
    for name in levers:
        try:
            values = _list_values(modality, name, levers)
        except UserError:
            continue
        nested.update({f"{name}__{key}": value for key, value in values.items()})
    return nested


def _list_values(modality: Modality, name: str, levers: Params) -> dict[str, Any]:
    if name != _MEMBERS:
        option, params = _find(modality, name, levers[name])
        known = {one.name: one.default for one in option.parameters.values()}
        return known | params
    values = {}
    for number, member in enumerate(levers[name]):
        inside, chosen = _read_member(member)
        nested = {**chosen, **list_nested(inside, chosen)}
        values.update({f"{number}__{key}": value for key, value in nested.items()})
    return values


def set_nested(modality: Modality, levers: Params, nested: Params) -> dict[str, Any]:
    """Return levers with other parameters of their options.

    Raises
    ------
    UserError
        For an unknown lever or parameter, or a lever with an invalid option.

    >>> set_nested("text", {"model": "ridge"}, {"model__alpha": 3})
    {'model': {'ridge': {'alpha': 3}}}
    """
    changed = dict(levers)
    for key, value in nested.items():
        name, _, rest = key.partition("__")
        if name not in changed:
            raise UserError(unknown("lever", name, changed))
        if name == _MEMBERS:
            changed[name] = _set_member(changed[name], rest, value)
        else:
            option, params = _find(modality, name, changed[name])
            _check_parameter(option, rest)
            changed[name] = {option.name: {**params, rest: value}}
    return changed


def _set_member(members: Any, key: str, value: Any) -> list[Any]:
    """Return members with a lever, or a parameter, of one of them changed."""
    number, _, rest = key.partition("__")
    changed = list(members)
    if not (number.isdecimal() and int(number) < len(changed)):
        raise UserError(unknown("member", number, map(str, range(len(changed)))))
    modality, levers = _read_member(changed[int(number)])
    if "__" in rest:
        levers = set_nested(modality, levers, {rest: value})
    elif rest in levers:
        levers = {**levers, rest: value}
    else:
        raise UserError(unknown("lever", rest, levers))
    changed[int(number)] = {"modality": modality, **levers}
    return changed


def _read_member(member: object) -> tuple[Modality, dict[str, Any]]:
    scenario = read_scenario(member)
    return scenario.modality, write_scenario(scenario)


def _find(modality: Modality, name: str, value: Any) -> tuple[Option, dict[str, Any]]:
    """Return the option of a lever's value, and its parameters as given."""
    option, params = value, None
    if isinstance(value, Mapping) and len(value) == 1:
        ((option, params),) = value.items()
    lever = next(one for one in LEVERS[modality] if one.name == name)
    return lever.find(modality, str(option)), dict(params or {})


def _check_parameter(option: Option, name: str) -> None:
    if name not in option.parameters:
        message = unknown(f"parameter of {option.name}", name, option.parameters)
        raise UserError(message)
