"""Modules that workers import before their first step, from options' source."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rakuten_bench.errors import UserError
from rakuten_bench.executor.script import IMPORTED, MAIN, WORKERS_MAIN
from rakuten_bench.plan.key_parts import modules_of
from rakuten_bench.plan.source import foreign_imports, own_digest, source_digests
from rakuten_bench.registry import Option, discover, own
from rakuten_bench.scenario import Scenario, iter_options
from rakuten_bench.scenario.plugin import find_files

_PACKAGE = "rakuten_bench."

#: Needed by every step: the second registers all options, the third is imported by pandas
#: when it reads its first table, if pyarrow is installed.
_ALWAYS = (
    "rakuten_bench.executor.work",
    "rakuten_bench.levers",
    "pyarrow.pandas_compat",
)


@dataclass(frozen=True, slots=True)
class Preload:
    """Modules for workers.

    Attributes
    ----------
    names : tuple of str
        Modules to import; failures are ignored.
    files : tuple of (name, path)
        Modules outside of this package that define options: a worker may not be able
        to import them by name.
    sources : mapping of str to str
        Module -> digest of its source, which is part of the steps' keys. The workers
        must import the same source.
    """

    names: tuple[str, ...] = _ALWAYS
    files: tuple[tuple[str, str], ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    def to_settings(self) -> dict[str, Any]:
        """Return what a new interpreter needs to import the same modules, as JSON.

        That is also the path of this process, and the time of its start: source written
        later is verified.
        """
        import psutil

        return {
            "names": self.names,
            "files": self.files,
            "sources": self.sources,
            "path": sys.path,
            "since": psutil.Process().create_time(),
        }


def find_preload(scenarios: Iterable[Scenario]) -> Preload:
    """Return the modules that the steps of some scenarios import."""
    names: dict[str, None] = dict.fromkeys(_ALWAYS)
    files: dict[str, str] = {}
    sources: dict[str, str] = {}
    scenarios = tuple(scenarios)
    for option in _options(scenarios):
        module = option.module
        for name in modules_of(option):
            sources |= source_digests(name)
        names |= dict.fromkeys(foreign_imports(module))
        path = getattr(sys.modules.get(module), "__file__", None)
        if path and not module.startswith(_PACKAGE) and not option.unit:
            files[module] = path
    units = find_files(scenarios)
    for name in units:
        names |= dict.fromkeys(foreign_imports(name))
        sources |= source_digests(name)
    files |= {name: str(path) for name, path in units.items()}
    sources = {name: text for name, text in sources.items() if not own.is_own(name)}
    return Preload(tuple(names), tuple(sorted(files.items())), sources)


def read_files(preload: Preload) -> dict[str, tuple[str, dict[str, bytes]]]:
    """Return the source of the modules outside of this package, for other machines.

    Returns
    -------
    dict
        Module -> (its file, the contents of all files that it needs), by paths relative
        to a common folder.
    """
    return {name: _read_closure(name, Path(path)) for name, path in preload.files}


def _read_closure(name: str, path: Path) -> tuple[str, dict[str, bytes]]:
    if not own.is_own(name):
        return f"{name}.py", {f"{name}.py": path.read_bytes()}
    files = {
        file.relative_to(unit.path.parent).as_posix(): source
        for unit in own.iter_closure(name)
        for file, source in unit.files.values()
    }
    return path.name, files


def find_changed(sources: Mapping[str, str], since: float) -> str:
    """Return a module whose imported source differs from its digest; "" if none does.

    Parameters
    ----------
    sources : mapping of str to str
    since : float
        Files last written before this time, in seconds since 1970, are not read.
    """
    edited = iter_edited(sources, since)
    return next((name for name in edited if own_digest(name) != sources[name]), "")


def iter_edited(names: Iterable[str], since: float) -> Iterator[str]:
    """Yield the imported modules whose file was written after a time."""
    for name in names:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and Path(file).stat().st_mtime > since:
            yield name


def _options(scenarios: Iterable[Scenario]) -> list[Option]:
    """Return the distinct options of some scenarios, sorted by module."""
    options: dict[str, Option] = {}
    for option, _ in iter_options(scenarios):
        options.setdefault(f"{option.module}:{option.kind}", option)
    return [options[name] for name in sorted(options)]


def load_file(name: str, path: str) -> None:
    """Import a module from its file.

    A script is imported as `__mp_main__`, so that what it guards with
    ``if __name__ == "__main__":`` does not run.

    A file of the user must have the source from which its name was derived.

    Raises
    ------
    UserError
        If the file is not a Python module, or was edited.
    """
    if own.is_own(name):
        if own.read_unit(Path(path)).name != name:
            message = f"{path}: was edited while the run started. Run again."
            raise UserError(message)
        importlib.import_module(name)
        return
    spec_name = WORKERS_MAIN if name == MAIN else name
    spec = importlib.util.spec_from_file_location(spec_name, path)
    if spec is None or spec.loader is None:
        message = f"{path}: can't be imported as module '{name}'."
        raise UserError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = sys.modules[spec_name] = module
    setattr(module, IMPORTED, True)
    try:
        spec.loader.exec_module(module)
    finally:
        delattr(module, IMPORTED)


def import_all(names: Iterable[str], files: Iterable[tuple[str, str]]) -> None:
    """Import the modules of steps; a failing import is reported by the step itself."""
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    discover()
    for name, path in files:
        with contextlib.suppress(Exception):
            load_file(name, path)
