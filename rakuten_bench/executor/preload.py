"""What workers import before they are made: found by reading the options' source."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rakuten_bench.errors import UserError
from rakuten_bench.plan.key_parts import modules_of
from rakuten_bench.plan.source import foreign_imports, own_digest, source_digests
from rakuten_bench.registry import Option
from rakuten_bench.scenario import Scenario, iter_options

_OURS = "rakuten_bench."

#: Needed by every step; the second finds all options, the third is what pandas imports
#: when it reads its first table, where it is there.
_ALWAYS = (
    "rakuten_bench.executor.local.work",
    "rakuten_bench.levers",
    "pyarrow.pandas_compat",
)


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
    sources : mapping of str to str
        Module -> digest of the source that results are named by: what workers import
        must be of the same.
    """

    names: tuple[str, ...] = _ALWAYS
    files: tuple[tuple[str, str], ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


def find_preload(scenarios: Iterable[Scenario]) -> Preload:
    """Return what the steps of some scenarios are going to import."""
    names: dict[str, None] = dict.fromkeys(_ALWAYS)
    files: dict[str, str] = {}
    sources: dict[str, str] = {}
    for option in _options(scenarios):
        module = option.module
        for one in modules_of(option):
            sources |= source_digests(one)
        names |= dict.fromkeys(foreign_imports(module))
        path = getattr(sys.modules.get(module), "__file__", None)
        if path and not module.startswith(_OURS):
            files[module] = path
    return Preload(tuple(names), tuple(sorted(files.items())), sources)


def find_changed(sources: Mapping[str, str], since: float) -> str:
    """Return a module that was imported from other source than its digest says, or "".

    Parameters
    ----------
    sources : mapping of str to str
    since : float
        Files that are older, in seconds since 1970, need not be read.
    """
    edited = iter_edited(sources, since)
    return next((name for name in edited if own_digest(name) != sources[name]), "")


def iter_edited(names: Iterable[str], since: float) -> Iterator[str]:
    """Yield the modules whose file was written after a moment, if they are imported."""
    for name in names:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and Path(file).stat().st_mtime > since:
            yield name


def _options(scenarios: Iterable[Scenario]) -> list[Option]:
    """Return every option of some scenarios once, by the module that defines it."""
    found: dict[str, Option] = {}
    for option, _ in iter_options(scenarios):
        found.setdefault(f"{option.module}:{option.kind}", option)
    return [found[name] for name in sorted(found)]


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
