"""Functions by name: what a decorator registers, and how it is found again.

Options and data sets are the same in this: one function or class in one file, with a
name, parameters that its signature declares, and packages that it needs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.registry import own
from rakuten_bench.registry.package import require
from rakuten_bench.registry.parameter import Function, Parameter
from rakuten_bench.registry.plugin import find_owner, import_all
from rakuten_bench.types import Params


@dataclass(frozen=True, eq=False, kw_only=True)
class Registered:
    """A registered function or class.

    Attributes
    ----------
    noun : str
        What it is called in messages: "model", "data set".
    name : str
    function : callable
    parameters : mapping of str to Parameter
        What users set.
    needs : tuple of str
        Distributions (PyPI names) that it imports; their versions are part of the key
        of its results, and a missing one is refused when the plan is made. Where one
        stands for another, both are named: "xgboost-cpu|xgboost".
    extra : str
        The extra of this project that installs them; "" to look it up.
    """

    noun: str
    name: str
    function: Function
    parameters: Mapping[str, Parameter]
    needs: tuple[str, ...] = ()
    extra: str = ""

    @property
    def doc(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def module(self) -> str:
        """Name of the module that defines it."""
        return self.function.__module__

    @property
    def unit(self) -> str:
        """Name of the user's file that defines it (`registry.own`); "" for any other."""
        return self.module.partition(".")[0] if own.is_own(self.module) else ""

    @property
    def file(self) -> str:
        """The file that defines it, or its module where there is no file."""
        return inspect.getsourcefile(self.function) or self.module

    @property
    def owner(self) -> str:
        """Distribution that brings it as an entry point; "" where it is ours."""
        return find_owner(self.module)

    @cached_property
    def defaults(self) -> Params:
        """Default of each parameter that has one."""
        known = self.parameters.values()
        return {one.name: one.default for one in known if not one.is_required}

    def validate(self) -> None:
        """Refuse what can't be registered, by a `UserError`."""

    def find_clash(self, other: Self) -> str:
        """Return what only one of both entries may have, as "data set 'name'"; or ""."""
        return f"{self.noun} '{self.name}'" if other.name == self.name else ""

    def find_problems(self, params: Params) -> Iterator[str]:
        """Yield what is wrong with parameters: unknown, of the wrong type, missing."""
        for name, value in params.items():
            if name not in self.parameters:
                yield unknown(f"parameter of {self.name}", name, self.parameters)
            elif problem := self.parameters[name].find_problem(value):
                yield f"parameter '{name}' of {self.name}: {problem}"
        for name, parameter in self.parameters.items():
            if parameter.is_required and name not in params:
                yield f"{self.name} needs the parameter '{name}', which is missing."

    def convert(self, params: Params) -> dict[str, Any]:
        """Check parameters and leave out those that equal the default.

        Raises
        ------
        UserError
            For an unknown parameter or a value of the wrong type.
        """
        changed = {}
        for name, value in params.items():
            if name not in self.parameters:
                message = unknown(f"parameter of {self.name}", name, self.parameters)
                raise UserError(message)
            converted = self.parameters[name].convert(value)
            if not self.parameters[name].is_default(converted):
                changed[name] = converted
        return dict(sorted(changed.items()))

    def versions(self) -> dict[str, str]:
        """Return the installed version of every package that it needs.

        Raises
        ------
        MissingPackage
            With the pip command that installs what is missing.
        """
        return require(f"{self.noun} '{self.name}'", self.needs, self.extra)


def name_packages(needs: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the packages that a decorator names, one or several."""
    return (needs,) if isinstance(needs, str) else needs


AnyRegistered = TypeVar("AnyRegistered", bound=Registered)
Decorated = TypeVar("Decorated", bound=Function)


class Registry(Generic[AnyRegistered]):
    """Entries by name, found by importing all of a package of ours, and the plugins.

    Parameters
    ----------
    noun : str
        What an entry is called in messages: "model", "data set".
    package : str
        Dotted name of the package whose modules register entries.
    """

    def __init__(self, noun: str, package: str) -> None:
        self.noun = noun
        self.package = package
        self._entries: dict[tuple[str, str], AnyRegistered] = {}
        # of the user's files, by the name of their module: seen only where it is named
        self._own: dict[str, dict[str, AnyRegistered]] = {}

    def register(
        self, build: Callable[[Function], AnyRegistered]
    ) -> Callable[[Decorated], Decorated]:
        """Return a decorator that adds the entry built from a function.

        Raises
        ------
        UserError
            As `add`.
        """

        def decorate(function: Decorated) -> Decorated:
            self.add(build(function))
            return function

        return decorate

    def add(self, entry: AnyRegistered) -> None:
        """Add an entry; one of the same module and name, imported again, gives way.

        Raises
        ------
        UserError
            If it has a name, or a digit, that is taken, or can't be registered.
        """
        entry.validate()
        if entry.unit:
            known = self._own.setdefault(entry.unit, {})
            _refuse_clash(entry, [*self, *_without(known, entry.name)])
            known[entry.name] = entry
            return
        key = entry.module, entry.name
        others = {known: one for known, one in self._entries.items() if known != key}
        _refuse_clash(entry, others.values())
        self._entries = {**others, key: entry}

    def __iter__(self) -> Iterator[AnyRegistered]:
        """Yield every entry but those of the user's files, in their order."""
        import_all(self.package)
        return iter(self._entries.values())

    def entries(self, units: Iterable[str]) -> list[AnyRegistered]:
        """Return every entry, with those of some of the user's files.

        Parameters
        ----------
        units : iterable of str
            Names of their modules.
        """
        return [*self, *self._iter_own(units)]

    def _iter_own(self, units: Iterable[str]) -> Iterator[AnyRegistered]:
        for unit in units:
            yield from self._own.get(unit, {}).values()

    def find(self, name: str, units: Iterable[str] = ()) -> AnyRegistered:
        """Return an entry by name.

        Raises
        ------
        UserError
            If there is none of that name; suggests the closest.
        """
        entries = self.entries(units)
        for entry in entries:
            if entry.name == name:
                return entry
        raise UserError(unknown(self.noun, name, [entry.name for entry in entries]))

    def check_together(self, units: Iterable[str]) -> None:
        """Reject files of the user that clash: they are used in one study.

        Raises
        ------
        UserError
        """
        seen: list[AnyRegistered] = []
        for entry in self._iter_own(units):
            _refuse_clash(entry, seen)
            seen.append(entry)

    def forget_foreign(self) -> None:
        """Forget entries from outside of this package; in tests they end with one."""
        ours = "rakuten_bench."
        self._entries = {
            key: one for key, one in self._entries.items() if key[0].startswith(ours)
        }


def _without(known: Mapping[str, AnyRegistered], name: str) -> list[AnyRegistered]:
    return [entry for entry in known.values() if entry.name != name]


def _refuse_clash(entry: AnyRegistered, others: Iterable[AnyRegistered]) -> None:
    for other in others:
        if clash := entry.find_clash(other):
            message = (
                f"{entry.file}: {clash} is taken by '{other.name}' in "
                f"{other.file}. Choose another."
            )
            raise UserError(message)
