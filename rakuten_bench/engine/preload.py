"""What workers import before they are made: found by reading the options' source."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from rakuten_bench.errors import UserError
from rakuten_bench.plan.source import foreign_imports
from rakuten_bench.scenario import Scenario, find_option

_OURS = "rakuten_bench."

#: Needed by every step; the second finds all options.
_ALWAYS = ("rakuten_bench.engine.work", "rakuten_bench.levers")


@dataclass(frozen=True, slots=True)
class Preload:
    """Modules for workers.

    Attributes
    ----------
    names : tuple of str
        Imported where that succeeds.
    files : tuple of (name, path)
        Modules outside of this package that define options: a worker may not find
        them by name.
    """

    names: tuple[str, ...] = _ALWAYS
    files: tuple[tuple[str, str], ...] = ()


def find_preload(scenarios: Iterable[Scenario]) -> Preload:
    """Return what the steps of some scenarios are going to import."""
    names: dict[str, None] = dict.fromkeys(_ALWAYS)
    files: dict[str, str] = {}
    for module in _option_modules(scenarios):
        names |= dict.fromkeys(foreign_imports(module))
        path = getattr(sys.modules.get(module), "__file__", None)
        if path and not module.startswith(_OURS):
            files[module] = path
    return Preload(tuple(names), tuple(sorted(files.items())))


def _option_modules(scenarios: Iterable[Scenario]) -> list[str]:
    choices = {
        (one.modality, choice)
        for scenario in scenarios
        for one in (scenario, *scenario.members)
        for choice in one.choices
    }
    found = {find_option(modality, choice).module for modality, choice in choices}
    return sorted(found)


def load_file(name: str, path: str) -> None:
    """Import a module from its file.

    Raises
    ------
    UserError
        If there is no such file, or it is no Python.
    """
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = f"{path}: can't be imported as the module '{name}'."
        raise UserError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
