"""Python files of the user that are in no installed package: options and pipelines.

A file is imported under a name that is derived from its source, and from that of the
modules beside it that it imports: `own_4f1c..._my_options`. So two studies may use
different files of one name in one process, an edited file is another module, and a
module of the user's never replaces one that is installed. Imports of modules beside a
file are resolved in the same way; `sys.path` is not changed.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib
import importlib.abc
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from rakuten_bench.errors import UserError
from rakuten_bench.registry.plugin import describe_import_error

_NAME = re.compile(r"\bown_[0-9a-f]{16}_(?=\w)")
_RESERVED = frozenset({*sys.stdlib_module_names, "rakuten_bench"})
_INIT = "__init__.py"


@dataclass(frozen=True, eq=False)
class Unit:
    """A file, or a package, of the user with its source as it was read.

    Attributes
    ----------
    name : str
        Name under which it is imported.
    path : Path
        The file, or the package's folder.
    files : mapping of str to (Path, bytes)
        Source of each module, by its dotted name inside the package; "" is the file
        itself, or the package's `__init__.py`.
    siblings : mapping of str to str
        Top-level names of the modules beside it that it imports, and its own -> the
        names under which they are imported.
    """

    name: str
    path: Path
    files: Mapping[str, tuple[Path, bytes]]
    siblings: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The file that identifies it."""
        return self.files[""][0] if "" in self.files else self.path

    def is_package(self, suffix: str) -> bool:
        """Return whether a module of it has modules inside."""
        path = self.files[suffix][0] if suffix in self.files else None
        return path.name == _INIT if path else suffix == ""

    def iter_texts(self) -> Iterator[tuple[Path, str]]:
        """Yield each file, relative to the unit's folder, and its text."""
        folder = self.path.parent
        for path, source in self.files.values():
            yield path.relative_to(folder), source.decode("utf-8", "surrogateescape")


_units: dict[str, Unit] = {}  # by name, which is derived from the content


def is_own(module: str) -> bool:
    """Return whether a module is a file of the user, imported by `import_file`."""
    return bool(_NAME.match(module))


def find_unit(module: str) -> Unit | None:
    """Return the unit that a module belongs to; None for any other module."""
    return _units.get(module.partition(".")[0])


def find_source(module: str) -> tuple[Path, bytes] | None:
    """Return file and source of a user's module, as it was read."""
    top, _, suffix = module.partition(".")
    return _units[top].files.get(suffix) if top in _units else None


def resolve(module: str, name: str) -> str:
    """Return the full name of what a user's module imports as `name`."""
    unit = find_unit(module)
    top, dot, rest = name.partition(".")
    return f"{unit.siblings.get(top, top)}{dot}{rest}" if unit else name


def label(module: str) -> str:
    """Return the file name of a user's module, relative to its unit; else the name.

    Names of modules depend on their content: messages and records have file names.
    """
    unit, source = find_unit(module), find_source(module)
    if unit is None or source is None:
        return module
    return source[0].relative_to(unit.path.parent).as_posix()


def strip_names(text: str) -> str:
    """Return a text with the names of modules as the user wrote them."""
    return _NAME.sub("", text)


def iter_closure(module: str) -> Iterator[Unit]:
    """Yield the unit of a user's module, and all units beside it that it imports."""
    pending, seen = [module.partition(".")[0]], set[str]()
    while pending:
        name = pending.pop()
        if name in _units and name not in seen:
            seen.add(name)
            yield _units[name]
            pending += _units[name].siblings.values()


def import_file(path: Path, subject: str = "") -> ModuleType:
    """Import a file of the user, or a package's folder, by its present content.

    Parameters
    ----------
    path : Path
    subject : str
        What messages begin with; the path by default.

    Raises
    ------
    UserError
        If it is missing, is not Python, or can't be imported.
    """
    subject = subject or str(path)
    return import_unit(read_unit(path, subject).name, subject)


def import_unit(name: str, subject: str) -> ModuleType:
    """Import a unit that this process has read.

    Raises
    ------
    UserError
        If it can't be imported.
    """
    unit = _units[name]
    try:
        return importlib.import_module(unit.name)
    except (UserError, KeyboardInterrupt):
        raise
    except BaseException as error:  # the user's code: it may even exit
        cause = strip_names(describe_import_error(error))
        message = f"{subject}: can't be imported: {cause}{_find_line(unit, error)}."
        raise UserError(message) from error


def _find_line(unit: Unit, error: BaseException) -> str:
    """Return where in the unit's files an import failed, as " (my_options.py:3)"."""
    files = {str(path) for path, _ in unit.files.values()}
    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if frame.filename in files]
    return f" ({Path(places[-1].filename).name}:{places[-1].lineno})" if places else ""


def read_unit(path: Path, subject: str = "") -> Unit:
    """Read a file, or a package's folder, and the modules beside it that it imports.

    Raises
    ------
    UserError
        If it is missing, or one of them is not Python.
    """
    subject = subject or str(path)
    if not path.exists():
        message = f"{subject}: file not found. Name a Python file."
        raise UserError(message)
    if path.name == _INIT:
        path = path.parent
    path = path.resolve()
    found: dict[str, _Source] = {}
    _collect(_read_files(path, subject), path, found)
    for top in found:
        unit = _name_unit(top, found)
        _units[unit.name] = unit  # a copy elsewhere may be gone
    _install()
    return _units[_name_unit(_top_of(path), found).name]


def provide(name: str, path: Path) -> bool:
    """Let this process import a file under the name that it had in another.

    Returns
    -------
    bool
        Whether its source is the same; if not, its present source is used.
    """
    unit = read_unit(path)
    if unit.name == name:
        return True
    _units[name] = replace(unit, name=name)
    return False


def add_text(name: str, text: str) -> Unit:
    """Return a unit made of a text, which `read_unit` finds in a file as well."""
    path = Path(f"{name}.py")
    source = {name: _Source(path, {"": (path, text.encode())}, frozenset({name}))}
    unit = _name_unit(name, source)
    _install()
    return _units.setdefault(unit.name, unit)


@dataclass(frozen=True)
class _Source:
    """A unit before its name is known: its files, and what it imports from beside it."""

    path: Path
    files: Mapping[str, tuple[Path, bytes]]
    imports: frozenset[str]


def _collect(
    files: Mapping[str, tuple[Path, bytes]], path: Path, found: dict[str, _Source]
) -> None:
    """Add a unit, and all that it imports from beside it."""
    folder, top = path.parent, _top_of(path)
    names = {
        name for file, text in files.values() for name in _iter_imports(file, text)
    }
    beside = {name: find_beside(folder, name) for name in names | {top}}
    beside = {name: one for name, one in beside.items() if one}
    found[top] = _Source(path, files, frozenset(beside) | {top})
    for name, place in sorted(beside.items()):
        if place and name not in found:
            _collect(_read_files(place, str(place)), place, found)


def _top_of(path: Path) -> str:
    """Return the name by which a module beside it imports a file or a package."""
    return re.sub(r"\W", "_", path.stem if path.suffix == ".py" else path.name)


def find_beside(folder: Path, name: str) -> Path | None:
    """Return the file or the package of a name in a folder; None if there is none.

    The standard library and this package come first, as do installed packages before a
    folder without `__init__.py`.
    """
    package, file = folder / name, folder / f"{name}.py"
    if name in _RESERVED:
        return None
    if file.is_file() and not (package / _INIT).is_file():
        return file
    return package if _is_package(package) else None


def _is_package(folder: Path) -> bool:
    if (folder / _INIT).is_file():
        return True
    return any(folder.glob("*.py")) and not _is_installed(folder.name)


def _is_installed(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def _read_files(path: Path, subject: str) -> dict[str, tuple[Path, bytes]]:
    """Return the source of a file, or of all modules of a package, by dotted name."""
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    try:
        return {_suffix(path, file): (file, file.read_bytes()) for file in files}
    except OSError as error:
        message = f"{subject}: can't be read: {error.strerror or error}."
        raise UserError(message) from None


def _suffix(path: Path, file: Path) -> str:
    if file == path:
        return ""
    parts = file.relative_to(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _iter_imports(file: Path, source: bytes) -> Iterator[str]:
    """Yield the top-level names that a module imports, at any depth.

    Raises
    ------
    UserError
        If it is not Python.
    """
    for node in ast.walk(_parse(file, source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def _parse(file: Path, source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        message = f"{file}:{error.lineno or 1}: is not valid Python: {error.msg}."
        raise UserError(message) from None
    except (ValueError, RecursionError) as error:  # a null byte, or too deep
        message = f"{file}: is not valid Python: {error}."
        raise UserError(message) from None


def _name_unit(top: str, found: Mapping[str, _Source]) -> Unit:
    """Return a unit under its name: a digest of all source that it may run."""
    names = {one: _own_name(one, found) for one in found[top].imports}
    source = found[top]
    return Unit(_own_name(top, found), source.path, source.files, names)


def _own_name(top: str, found: Mapping[str, _Source]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(_reach(top, found)):
        for suffix, (_, text) in sorted(found[name].files.items()):
            digest.update(f"{name}.{suffix}:{len(text)};".encode() + text)
    return f"own_{digest.hexdigest()}_{top}"


def _reach(top: str, found: Mapping[str, _Source]) -> set[str]:
    reached, pending = set[str](), [top]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += found[name].imports
    return reached


class _Loader(importlib.abc.Loader):
    """Runs the source of a unit as it was read; a later edit is another module.

    Parameters
    ----------
    unit : Unit
    suffix : str
        The module's dotted name inside the unit.
    """

    def __init__(self, unit: Unit, suffix: str) -> None:
        self.unit = unit
        self.suffix = suffix

    def exec_module(self, module: ModuleType) -> None:
        """Run the source, with imports from beside it resolved."""
        path, source = self.unit.files[self.suffix]
        code: CodeType = compile(source, str(path), "exec", dont_inherit=True)
        module.__dict__["__builtins__"] = {
            **vars(builtins),
            "__import__": _make_import(self.unit),
        }
        exec(code, module.__dict__)

    def get_source(self, fullname: str) -> str:
        """Return the source, for tracebacks and `inspect`."""
        del fullname
        return self.unit.files[self.suffix][1].decode("utf-8", "replace")


def _make_import(unit: Unit) -> Callable[..., ModuleType]:
    """Return the `import` statement of a unit: modules beside it have other names."""

    def import_name(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if not level:
            name = resolve(unit.name, name)
        return builtins.__import__(name, globals, locals, fromlist or (), level)

    return import_name


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the units that this process has read."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the spec of a module of a unit; None for any other module."""
        del path, target
        top, _, suffix = fullname.partition(".")
        unit = _units.get(top)
        if unit is None:
            return None
        if suffix not in unit.files:
            return _namespace(unit, suffix, fullname)
        file = unit.files[suffix][0]
        folders = [str(file.parent)] if unit.is_package(suffix) else None
        return importlib.util.spec_from_file_location(
            fullname,
            file,
            loader=_Loader(unit, suffix),
            submodule_search_locations=folders,
        )


def _namespace(unit: Unit, suffix: str, fullname: str) -> ModuleSpec | None:
    """Return the spec of a folder without `__init__.py` in a unit; else None."""
    prefix = f"{suffix}." if suffix else ""
    if not any(name.startswith(prefix) for name in unit.files):
        return None
    spec = ModuleSpec(fullname, None, is_package=True)
    spec.submodule_search_locations = [
        str(unit.path.joinpath(*filter(None, suffix.split("."))))
    ]
    return spec


_FINDER = _Finder()


def _install() -> None:
    """Let this process import the units that it has read."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def import_all_files(files: Iterable[Path]) -> tuple[str, ...]:
    """Import files of the user; return the names of all modules that may have options.

    Raises
    ------
    UserError
        As `import_file`.
    """
    modules = [import_file(file).__name__ for file in files]
    return tuple(
        dict.fromkeys(unit.name for name in modules for unit in iter_closure(name))
    )


def get(module: str, attribute: str) -> Any:
    """Return what a module defines, by its dotted name; None if it does not."""
    found: Any = importlib.import_module(module)
    for name in attribute.split("."):
        found = getattr(found, name, None)
    return found
