"""Values of a scenario file to choices: options, parameters, combinations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rakuten_bench.errors import Problems, UserError, unknown
from rakuten_bench.registry import LEVERS, Lever, Option, Parameter, iter_levers
from rakuten_bench.scenario import Choice
from rakuten_bench.scenario.document import Misplaced, Value
from rakuten_bench.scenario.limit import Limit, Limits, parse_limit
from rakuten_bench.scenario.plugin import Plugins
from rakuten_bench.types import Modality


class Findings:
    """The mistakes of a file, collected to report all at once.

    Parameters
    ----------
    plugins : Plugins
        The user's files whose options it may use.
    """

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins
        self.problems: list[str] = []

    def add(self, value: Value, message: str) -> None:
        """Add a mistake at its place."""
        self.problems.append(f"{value.where}: {message}")

    @contextmanager
    def at(self, value: Value) -> Iterator[None]:
        """Collect an error raised inside the block."""
        try:
            yield
        except Problems as error:
            for problem in error.problems:
                self.add(value, problem)
        except Misplaced as error:
            self.problems.append(str(error))
        except UserError as error:
            self.add(value, str(error))


def guess_modality(words: Mapping[str, Value]) -> Modality:
    """Return the named modality, or the only one that has all the levers."""
    if "modality" in words:
        return _named_modality(words["modality"])
    for modality, levers in LEVERS.items():
        if set(words) <= {lever.name for lever in levers}:
            return modality
    return max(
        LEVERS, key=lambda m: len(set(words) & {lever.name for lever in LEVERS[m]})
    )


def _named_modality(value: Value) -> Modality:
    for modality in LEVERS:
        if modality == value.text:
            return modality
    message = unknown("modality", value.plain(), LEVERS)
    raise UserError(message)


def read_choices(
    words: Mapping[str, Value], modality: Modality, findings: Findings
) -> dict[str, list[Choice]]:
    """Return the choices of each lever that is named.

    A value is an option's name, a mapping from an option's name to its parameters, or a
    list of these. A list as a parameter's value is expanded, one choice per value.
    """
    levers = {lever.name: lever for lever in LEVERS[modality]}
    choices: dict[str, list[Choice]] = {}
    for name, value in words.items():
        if name not in levers:
            findings.add(value, unknown("lever", name, levers))
            continue
        found = []
        for entry in value.list() or [value]:
            with findings.at(entry):
                found += _read_option(levers[name], modality, entry, findings)
        choices[name] = found
    return choices


def read_combination(
    words: Mapping[str, Value], modality: Modality, findings: Findings
) -> dict[str, Choice]:
    """Return one choice for each lever that is named."""
    combination = {}
    for name, choices in read_choices(words, modality, findings).items():
        if len(choices) == 1:
            combination[name] = choices[0]
        elif choices:
            findings.add(
                words[name], f"'{name}' needs one option here, not {len(choices)}."
            )
    return combination


def read_limits(value: Value, findings: Findings) -> Limits:
    """Read limits of steps: `time`, `memory`, and the same for single options.

    An example: ``limits: {time: 10m, memory: 6GB, model: {svc: {time: 1h}}}``.
    """
    words = dict(value.items("limits"))
    general: dict[str, object] = {
        name: words.pop(name).plain() for name in ("time", "memory") if name in words
    }
    options: dict[tuple[str, str], Limit] = {}
    for lever, entries in words.items():
        with findings.at(entries):
            check_lever(lever)
            for option, entry in entries.items(f"limits of '{lever}'").items():
                with findings.at(entry):
                    check_option(lever, option, findings.plugins.units)
                    entry.items("limits")
                    options[lever, option] = parse_limit(entry.plain())
    return Limits(parse_limit(general), options)


def check_lever(lever: str) -> None:
    """Reject a lever that no modality has.

    Raises
    ------
    UserError
    """
    known = {one.name for one in iter_levers()}
    if lever not in known:
        raise UserError(unknown("lever", lever, {*known, "time", "memory"}))


def check_option(lever: str, option: str, units: Sequence[str] = ()) -> None:
    """Reject an option that a lever has in no modality, `units` of the user included.

    Raises
    ------
    UserError
    """
    known = {
        known.name
        for modality, levers in LEVERS.items()
        for one in levers
        if one.name == lever
        for known in one.options(modality, units)
    }
    if option not in known:
        raise UserError(unknown(lever, option, known))


def _read_option(
    lever: Lever, modality: Modality, entry: Value, findings: Findings
) -> list[Choice]:
    plugins = findings.plugins
    if not isinstance(entry.data, dict) or not entry.data:
        option = _find(lever, modality, entry, plugins.units)
        return [plugins.resolve(option, Choice.of(option, units=plugins.units))]
    choices: list[Choice] = []
    for name, params in entry.data.items():
        with findings.at(params):
            option = lever.find(modality, name, plugins.units)
            values = params.items(f"parameters of '{name}'")
            choices += _sweep(option, values, findings)
    return choices


_NOTHING = frozenset({"", "no", "none", "null", "false", "~"})


def _find(
    lever: Lever, modality: Modality, entry: Value, units: Sequence[str]
) -> Option:
    """Return the option of a name; suggest 'off' for null, false and the like."""
    is_name = not isinstance(entry.data, list | dict)
    name = entry.text if is_name else str(entry.plain())
    try:
        return lever.find(modality, name, units)
    except UserError:
        options = {option.name for option in lever.options(modality)}
        if name.lower() not in _NOTHING or "off" not in options:
            raise
        message = f"unknown {lever.name} '{name}'. Did you mean 'off'?"
        raise UserError(message) from None


def _sweep(
    option: Option, values: Mapping[str, Value], findings: Findings
) -> list[Choice]:
    """Return a choice for each combination of the parameters' values."""
    axes: dict[str, list[object]] = {}
    for name, value in values.items():
        with findings.at(value):
            if name not in option.parameters:
                raise UserError(
                    unknown(f"parameter of {option.name}", name, option.parameters)
                )
            axes[name] = _axis(option.parameters[name], value)
    combinations = itertools.product(*axes.values())
    plugins = findings.plugins
    choices = [
        Choice.of(option, dict(zip(axes, one, strict=True)), plugins.units)
        for one in combinations
    ]
    return [plugins.resolve(option, choice) for choice in choices]


def _axis(parameter: Parameter, value: Value) -> list[object]:
    """Return the value, or the values of a list that is not a value itself."""
    try:
        return [parameter.convert(value.plain(parameter.type))]
    except UserError:
        if not isinstance(value.data, list) or not value.data:
            raise
        return [parameter.convert(item.plain(parameter.type)) for item in value.data]
