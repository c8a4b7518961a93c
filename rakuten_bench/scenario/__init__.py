"""Scenarios: one option for each lever, and the short code that names the choice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

import msgspec

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.registry import LETTERS, LEVERS, Lever, Option
from rakuten_bench.registry.value import plain_json
from rakuten_bench.scenario.limit import Limit
from rakuten_bench.types import Modality, Params

_HASH_LETTERS = 6  # four collide within a few hundred parameter settings (1 in 457,000)
_GROUP = 4


@dataclass(frozen=True)
class Choice:
    """One option of one lever, with the parameters that differ from its defaults.

    Attributes
    ----------
    given : frozenset of str
        Parameters that were set explicitly, even to their default. Not
        part of its identity, and not in a record.
    """

    lever: str
    option: str
    digit: str
    params: tuple[tuple[str, Any], ...] = ()
    given: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    @staticmethod
    def of(
        option: Option, params: Params | None = None, units: Sequence[str] = ()
    ) -> Choice:
        """Check the parameters and return the choice.

        Parameters
        ----------
        option : Option
        params : mapping, optional
        units : sequence of str
            The user's modules in which options that it combines are searched, too.

        Raises
        ------
        UserError
            For an unknown parameter or a value of the wrong type.
        """
        made = Choice.made(option, option.convert(params or {}), units)
        return replace(made, given=frozenset(params or {}))

    @staticmethod
    def made(option: Option, params: Params, units: Sequence[str] = ()) -> Choice:
        """Return the choice for parameters that are already checked."""
        items = tuple((name, _freeze(value)) for name, value in params.items())
        fields = option.lever.name, option.name, option.digit, items
        seen = option.find_units(params, units)
        return (
            OwnChoice(*fields, unit=option.unit, seen=seen) if seen else Choice(*fields)
        )

    @property
    def units(self) -> tuple[str, ...]:
        """The user's modules in which the option, or what it combines, is searched."""
        return ()

    @property
    def is_own(self) -> bool:
        """Whether a file of the user defines the option."""
        return False

    @property
    def code(self) -> str:
        """The user's function or class that it runs, as "module:attribute"; or ""."""
        return ""

    def with_code(self, code: str) -> Choice:
        """Return the choice with the user's function or class that it runs."""
        fields = self.lever, self.option, self.digit, self.params, self.given
        return OwnChoice(*fields, seen=self.units, runs=code)

    def resolved(self, option: Option) -> dict[str, Any]:
        """Return the parameters, with the user's code that they name as `code`."""
        if not self.code:
            return self.arguments
        return {**self.arguments, option.code: self.code}

    def with_params(self, option: Option, params: Params) -> Choice:
        """Return the choice with other parameters, which are already checked."""
        made = Choice.made(option, params, self.units)
        return made.with_code(self.code) if self.code else made

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the parameters as the option's function takes them."""
        return {name: thaw(value) for name, value in self.params}

    @cached_property
    def _hash(self) -> int:
        return hash((self.lever, self.option, self.params))

    def __hash__(self) -> int:
        # called a hundred times for each scenario of a large plan
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        # without the hash, which differs between processes
        return Choice, (self.lever, self.option, self.digit, self.params)

    def __str__(self) -> str:
        if not self.params:
            return self.option
        inside = ", ".join(f"{name}={thaw(value)}" for name, value in self.params)
        return f"{self.option}({inside})"


@dataclass(frozen=True)
class OwnChoice(Choice):
    """A choice that runs code from a file of the user.

    A class of its own: results in the cache contain choices with the fields of `Choice`.

    Attributes
    ----------
    unit : str
        Name of the user's module that defines the option; "" if none does.
    seen : tuple of str
        As `units`.
    runs : str
        As `code`.
    """

    unit: str = ""
    seen: tuple[str, ...] = ()
    runs: str = ""

    @property
    def units(self) -> tuple[str, ...]:
        """The user's modules in which the option, or what it combines, is searched."""
        return self.seen

    @property
    def is_own(self) -> bool:
        """Whether a file of the user defines the option."""
        return bool(self.unit)

    @property
    def code(self) -> str:
        """The user's function or class that it runs, as "module:attribute"; or ""."""
        return self.runs

    def with_code(self, code: str) -> Choice:
        """Return the choice with the user's function or class that it runs."""
        return replace(self, runs=code)

    __hash__ = Choice.__hash__

    def __reduce__(self) -> tuple[object, ...]:
        fields = self.lever, self.option, self.digit, self.params
        return OwnChoice, (*fields, frozenset(), self.unit, self.seen, self.runs)


@dataclass(frozen=True)
class Scenario:
    """One option for each lever of a modality.

    Attributes
    ----------
    modality : {"text", "image", "fusion"}
    choices : tuple of Choice
        In the order of the code's digits.
    name : str
        Name given by the user; "" if none. Not part of its identity.
    members : tuple of Scenario
        The scenarios that a fusion combines.
    limit : Limit
        Limits of each of its steps. Not part of its identity.
    """

    modality: Modality
    choices: tuple[Choice, ...]
    name: str = ""
    members: tuple[Scenario, ...] = ()
    limit: Limit = field(default=Limit(), compare=False)

    @cached_property
    def code(self) -> str:
        """Short name: modality, a digit for each lever, a hash of the rest.

        The hash covers parameters that differ from the defaults, and a
        fusion's members. It also covers the names of options from the user's own files:
        another file may give the same digit to another option.
        """
        digits = "".join(choice.digit for choice in self.choices)
        rest: dict[str, object] = {
            choice.lever: dict(plain_json(choice.params))
            for choice in self.choices
            if choice.params
        }
        plugins = {c.lever: c.option for c in self.choices if c.is_own}
        rest |= {"plugins": plugins} if plugins else {}
        members = [member.code for member in self.members]
        return _join_code(self.modality, digits, rest, members)

    def __getitem__(self, lever: str) -> Choice:
        for choice in self.choices:
            if choice.lever == lever:
                return choice
        raise KeyError(lever)

    @property
    def parts(self) -> tuple[Scenario, ...]:
        """The scenario and what it joins."""
        return self, *self.members

    @property
    def leaves(self) -> tuple[Scenario, ...]:
        """The scenarios that read the data: what it joins, else itself."""
        return self.members or (self,)

    def iter_changed(self) -> Iterator[Choice]:
        """Yield the choices that differ from the defaults of their levers."""
        for lever, choice in zip(LEVERS[self.modality], self.choices, strict=True):
            if choice != default_choice(lever, self.modality):
                yield choice

    def reads(self, modality: Modality) -> bool:
        """Return whether it, or a member of it, reads texts or images."""
        return any(one.modality == modality for one in self.parts)

    @property
    def levers(self) -> dict[str, str]:
        """Return the name of the option of each lever."""
        return {choice.lever: choice.option for choice in self.choices}

    @property
    def params(self) -> dict[str, dict[str, Any]]:
        """Return the parameters that differ from the defaults, by lever."""
        return {
            choice.lever: choice.arguments for choice in self.choices if choice.params
        }

    @property
    def is_clustering(self) -> bool:
        """Whether its model predicts cluster numbers, without labels."""
        return any(
            find_option(self.modality, choice).kind == "cluster"
            for choice in self.choices
        )

    def conflict(self) -> str | None:
        """Return why the combination is impossible, or None."""
        options = [find_option(self.modality, choice) for choice in self.choices]
        params = self.params
        tags = {one: one.find_tags(params.get(one.lever.name, {})) for one in options}
        misfit = _find_misfit(self.members) if self.modality == "fusion" else None
        return (
            misfit
            or _find_unused(options, self.choices)
            or _find_labelled(options)
            or _find_spaceless(options, self.choices)
            or _find_clash(tags)
            or _find_unmet(tags, params)
        )


def _find_clash(tags: Mapping[Option, frozenset[str]]) -> str | None:
    """Return which option refuses a tag of another, or None."""
    for one in tags:
        for other in tags if one.rules.refuses else ():
            clash = tags[other].intersection(one.rules.refuses)
            if clash:
                return (
                    f"{one.lever.name} '{one.name}' can't be combined with "
                    f"{other.lever.name} '{other.name}' ({', '.join(sorted(clash))})"
                )
    return None


def _find_unmet(
    tags: Mapping[Option, frozenset[str]], params: Mapping[str, Params]
) -> str | None:
    """Return which option lacks a tag that the next one wants; samplers keep columns."""
    for one in tags:
        reads = {*one.find_reads(params.get(one.lever.name, {}))}
        for other in tags if one.rules.wants else ():
            gives = other.kind != "resample" and set(other.writes) & reads
            missing = set(one.rules.wants) - tags[other]
            if gives and missing and not other.is_off:
                return (
                    f"{one.lever.name} '{one.name}' needs {', '.join(sorted(missing))}, "
                    f"which {other.lever.name} '{other.name}' does not produce"
                )
    return None


def _find_unused(options: list[Option], choices: tuple[Choice, ...]) -> str | None:
    """Return which lever has no effect on a model that reads no features, or None."""
    pairs = zip(options, choices, strict=True)
    found = [pair for pair in pairs if pair[0].lever.name == "model"]
    if not found:
        return None
    model, choice = found[0]
    reads = model.find_reads(choice.arguments)
    if "features" in reads:
        return None
    for one in options:
        if one.digit != "0" and ("features" in one.writes or one.kind == "search"):
            return (
                f"model '{model.name}' reads {' and '.join(reads)}: "
                f"{one.lever.name} '{one.name}' would have no effect"
            )
    return None


def _find_labelled(options: list[Option]) -> str | None:
    """Return which lever would leak labels to a clustering model, or None."""
    model = next((one for one in options if one.kind == "cluster"), None)
    for one in options if model else ():
        learns = one.kind in ("resample", "search") or "labels" in one.rules.tags
        if model and learns and not one.is_off:
            return (
                f"model '{model.name}' clusters without labels, but "
                f"{one.lever.name} '{one.name}' learns from them"
            )
    return None


def _find_spaceless(options: list[Option], choices: tuple[Choice, ...]) -> str | None:
    """Return which model has nothing to search, or None."""
    chosen = {choice.lever: choice for choice in choices}
    model = next((one for one in options if one.lever.name == "model"), None)
    search = next((one for one in options if one.kind == "search"), None)
    if model is None or search is None or search.is_off:
        return None
    given = chosen["model"].given
    if model.space.keys() - given or chosen["search"].arguments.get("space"):
        return None
    kept = given & model.space.keys()
    why = f", with {', '.join(sorted(kept))} given" if kept else ""
    return f"model '{model.name}'{why} has no search space for search '{search.name}'"


def _find_misfit(members: tuple[Scenario, ...]) -> str | None:
    """Return why scenarios can't be combined in a fusion, or None."""
    if len(members) < 2:
        return "a fusion needs at least two members"
    for member in members:
        if member.is_clustering:
            return (
                f"member '{member.name or member.code}' clusters "
                f"(model '{member['model'].option}'): it predicts no class probabilities"
            )
    return _find_twice(members)


def _find_twice(members: tuple[Scenario, ...]) -> str | None:
    """Return which member is a duplicate, or None."""
    names: dict[str, str] = {}
    for member in members:
        name = member.name or member.code
        other = names.get(member.code)
        if other == name:
            return f"a fusion needs different members: '{name}' is named twice"
        if other is not None:
            return (
                f"a fusion needs different members: '{name}' is the same scenario as "
                f"'{other}'"
            )
        names[member.code] = name
    return None


def find_option(modality: Modality, choice: Choice) -> Option:
    """Return the registered option of a choice."""
    lever = _levers(modality).get(choice.lever)
    if lever is None:
        raise UserError(unknown("lever", choice.lever, names(modality)))
    if not choice.digit:
        return lever.inner(choice.option, next(iter(choice.units), ""))
    return lever.find(modality, choice.option, choice.units)


def iter_options(scenarios: Iterable[Scenario]) -> Iterator[tuple[Option, Choice]]:
    """Yield every option of some scenarios and of what they join, with its choice.

    Scenarios of a matrix share their choices: each is looked up once.
    """
    choices = {
        id(choice): (part.modality, choice)
        for scenario in scenarios
        for part in scenario.parts
        for choice in part.choices
    }
    for modality, choice in choices.values():
        yield find_option(modality, choice), choice


@cache
def _levers(modality: Modality) -> dict[str, Lever]:
    return {lever.name: lever for lever in LEVERS[modality]}


def names(modality: Modality) -> list[str]:
    """Return the names of a modality's levers."""
    return [lever.name for lever in LEVERS[modality]]


def from_choices(
    modality: Modality,
    choices: Iterable[Choice],
    name: str = "",
    members: tuple[Scenario, ...] = (),
) -> Scenario:
    """Build a scenario; levers that are not chosen get their plain option."""
    chosen = {choice.lever: choice for choice in choices}
    whole = tuple(
        chosen.get(lever.name) or default_choice(lever, modality)
        for lever in LEVERS[modality]
    )
    return Scenario(modality, whole, name, members)


def from_words(
    levers: Mapping[str, str],
    params: Mapping[str, Params] | None = None,
    modality: Modality = "text",
    name: str = "",
    members: tuple[Scenario, ...] = (),
    units: Sequence[str] = (),
) -> Scenario:
    """Build a scenario from option names and parameters, as stored in a record.

    `units` are the user's modules in which options are searched, too.

    Raises
    ------
    UserError
        For an unknown lever, option or parameter.
    """
    known = {lever.name: lever for lever in LEVERS[modality]}
    choices = []
    for lever, option in levers.items():
        if lever not in known:
            raise UserError(unknown("lever", lever, known))
        found = known[lever].find(modality, option, units)
        choices.append(Choice.of(found, (params or {}).get(lever), units))
    return from_choices(modality, choices, name, members)


def from_code(code: str) -> Scenario:
    """Build the scenario that a code names.

    Raises
    ------
    UserError
        If it is not a code, or one with parameters: their hash can't be inverted.
    """
    modality, digits, rest = _split_code(code)
    if rest:
        message = (
            f"code '{code}': '{rest}' is a hash of parameters, which can't be "
            f"inverted. Name a scenario file or a record that has them."
        )
        raise UserError(message)
    levers = LEVERS[modality]
    if len(digits) != len(levers):
        message = (
            f"code '{code}': {len(digits)} digits; {modality} has {len(levers)} levers."
        )
        raise UserError(message)
    pairs = zip(levers, digits, strict=True)
    return Scenario(
        modality,
        tuple(Choice.of(lever.by_digit(modality, digit)) for lever, digit in pairs),
    )


def code_of(
    modality: str,
    levers: Mapping[str, str],
    params: Mapping[str, Params],
    members: Sequence[Params] = (),
) -> str:
    """Return the code of a record's scenario; its options need not be registered.

    Parameters
    ----------
    modality, levers, params, members :
        As stored in a record.

    Returns
    -------
    str
        "" if unknown: a lever is missing, or an option belongs to a plugin or
        another version.
    """
    digits = _find_digits(modality, levers)
    joined = [
        code_of(str(one["modality"]), one["levers"], one["params"]) for one in members
    ]
    if not digits or not all(joined):
        return ""
    rest: dict[str, object] = {
        lever: {name: _freeze(value) for name, value in params[lever].items()}
        for lever in levers
        if params.get(lever)
    }
    return _join_code(modality, digits, rest, joined)


def _find_digits(modality: str, levers: Mapping[str, str]) -> str:
    """Return the digits of the options of all levers; "" if one is unknown."""
    try:
        return "".join(
            lever.find(name, levers[lever.name]).digit
            for name in LEVERS
            if name == modality
            for lever in LEVERS[name]
        )
    except (KeyError, UserError):
        return ""


def _join_code(modality: str, digits: str, rest: Params, members: Sequence[str]) -> str:
    letter = next(key for key, value in LETTERS.items() if value == modality)
    groups = [digits[i : i + _GROUP] for i in range(0, len(digits), _GROUP)]
    hashed = {**rest, **({"members": members} if members else {})}
    return "-".join([letter + groups[0], *groups[1:], *_hash(hashed)])


def is_code(text: str) -> bool:
    """Return whether a text looks like a code.

    >>> is_code("T2101-0231-0010"), is_code("tfidf_svm")
    (True, False)
    """
    try:
        _split_code(text)
    except UserError:
        return False
    return True


def _split_code(code: str) -> tuple[Modality, str, str]:
    head, *groups = code.split("-")
    modality = LETTERS.get(head[:1])
    if modality is None or modality not in LEVERS:
        message = f"'{code}' is not a scenario code: it must start with T, I or F."
        raise UserError(message)
    rest = groups.pop() if groups and len(groups[-1]) == _HASH_LETTERS else ""
    digits = head[1:] + "".join(groups)
    if not digits.isalnum() or len(digits) != len(LEVERS[modality]):
        message = (
            f"'{code}' is not a code of {modality}: {len(LEVERS[modality])} digits."
        )
        raise UserError(message)
    return modality, digits, rest


def default_choice(lever: Lever, modality: Modality) -> Choice:
    """Return the choice of a lever where a scenario names none."""
    return Choice.of(lever.find_default(modality))


def _hash(rest: Params) -> list[str]:
    if not rest:
        return []
    text = msgspec.json.encode(rest, order="deterministic")
    number = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
    letters = []
    for _ in range(_HASH_LETTERS):
        number, place = divmod(number, 26)
        letters.append("abcdefghijklmnopqrstuvwxyz"[place])
    return ["".join(letters)]


def _freeze(value: object) -> object:
    """Make lists and mappings hashable."""
    if isinstance(value, Mapping):
        return ("dict", *((key, _freeze(item)) for key, item in sorted(value.items())))
    if isinstance(value, list | tuple):
        return tuple(_freeze(item) for item in value)
    return value


def thaw(value: object) -> object:
    """Return a frozen value as lists and mappings."""
    if isinstance(value, tuple) and value[:1] == ("dict",):
        return {key: thaw(item) for key, item in value[1:]}
    if isinstance(value, tuple):
        return tuple(thaw(item) for item in value)
    return value
