"""The user's files that a study names: options of their own, without a package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from rakuten_bench.data.spec import DATASETS
from rakuten_bench.errors import UserError
from rakuten_bench.registry import Option, iter_levers, own
from rakuten_bench.registry.code import Reference, resolve
from rakuten_bench.registry.value import plain_json
from rakuten_bench.scenario import (
    Choice,
    Scenario,
    find_option,
    iter_options,
)


@dataclass(frozen=True)
class Plugins:
    """Files with options of the user's own, imported.

    Attributes
    ----------
    base : Path
        Folder of the scenario file: modules are searched there, and paths are relative
        to it.
    files : tuple of Path
        As named, relative to `base`.
    units : tuple of str
        Names of their modules, and of the modules beside them that they import.
    """

    base: Path = field(default_factory=Path)
    files: tuple[Path, ...] = ()
    units: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, absolute."""
        return tuple(self.base / file for file in self.files)

    def add(self, file: Path, subject: str = "") -> Plugins:
        """Import another file; return the plugins with it.

        Parameters
        ----------
        file : Path
            Relative to `base`.
        subject : str
            What messages begin with.

        Raises
        ------
        UserError
            If it is missing, can't be imported, or an option of it has the name or the
            digit of another.
        """
        module = own.import_file(self.base / file, subject or str(self.base / file))
        units = [one.name for one in own.iter_closure(module.__name__)]
        seen = tuple(dict.fromkeys((*self.units, *units)))
        for lever in iter_levers():
            lever.check_together(seen)
        DATASETS.check_together(seen)
        files = tuple(dict.fromkeys((*self.files, file)))
        return replace(self, files=files, units=seen)

    def resolve(self, option: Option, choice: Choice) -> Choice:
        """Return a choice with the user's code that it names, imported.

        Raises
        ------
        UserError
            If it names none, or it can't be imported.
        """
        if not option.code or choice.code:
            return choice
        text = str(choice.arguments.get(option.code) or "")
        subject = f"{option.lever.name} '{option.name}'"
        if not text:
            message = (
                f"{subject} needs the parameter '{option.code}': a function or class, "
                f"such as 'my_models.make_pipeline'."
            )
            raise UserError(message)
        try:
            return choice.with_code(resolve(text, self.base.resolve(), self.paths))
        except UserError as error:
            message = f"{subject}: {error}"
            raise UserError(message) from error

    def describe_calls(self, scenarios: Iterable[Scenario]) -> list[str]:
        """Return what scenarios call of the user's code, and with which parameters.

        Calls of files that do not exist are left out: `resolve` refuses them.
        """
        calls: dict[str, None] = {}
        for option, choice in iter_options(scenarios):
            text = str(choice.arguments.get(option.code) or "")
            if not text:
                continue
            reference = Reference.parse(text)
            file = reference.find_file(self.base, self.paths)
            if file is None or file.exists():
                place = str(file.resolve()) if file else reference.module
                params = plain_json(choice.params)
                call = msgspec.json.encode(params, order="deterministic").decode()
                calls[f"{place}:{reference.attribute} {call}"] = None
        return list(calls)

    def complete(self, scenario: Scenario) -> Scenario:
        """Return a scenario with the user's code that its choices name, imported.

        Raises
        ------
        UserError
            As `resolve`.
        """
        members = tuple(self.complete(member) for member in scenario.members)
        choices = tuple(
            self.resolve(find_option(scenario.modality, choice), choice)
            for choice in scenario.choices
        )
        return replace(scenario, choices=choices, members=members)


def find_files(scenarios: Sequence[Scenario]) -> dict[str, Path]:
    """Return the user's files that scenarios run, by the names of their modules."""
    names = {
        name
        for scenario in scenarios
        for part in scenario.parts
        for choice in part.choices
        for name in (*choice.units, choice.code.partition(":")[0])
        if own.is_own(name)
    }
    units = {one.name: one.path for name in names for one in own.iter_closure(name)}
    return dict(sorted(units.items()))
