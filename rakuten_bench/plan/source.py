"""Digest of a step's source code: a module and the modules of its package it imports.

Comments and docstrings are ignored, so that editing them does not invalidate results.
The registry and the errors are excluded: they describe options and compute nothing.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path

from rakuten_bench.plan.source_facts import KNOWN_SOURCES, SourceFacts
from rakuten_bench.registry import own

_OURS = "rakuten_bench"
_PACKAGE = Path(__file__).parents[1]
#: Folders with installed packages, which are unrelated to each other.
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_WHOLE = 2**28  # bytes: larger files are sampled
_SAMPLE, _SAMPLES = 2**20, 64
_EXCLUDED = frozenset(
    {_OURS, f"{_OURS}.registry", f"{_OURS}.errors", f"{_OURS}.levers"}
)


@cache
def source_digest(module: str) -> str:
    """Return the digest of a module and, recursively, of its imports from this package.

    For a module outside this package, imports from its own package and from the modules
    beside it are included, too.

    Parameters
    ----------
    module : str
        Dotted name; the module is not imported.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(_closure(module), key=own.label):
        digest.update(f"{own.label(name)}:{own_digest(name)};".encode())
    return digest.hexdigest()


@cache
def package_digest() -> str:
    """Return the digest of this package's source files, comments included."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(str(path.relative_to(_PACKAGE)).encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def source_digests(module: str) -> dict[str, str]:
    """Return the digest of a module and of each module that it imports, by name."""
    return {name: own_digest(name) for name in sorted(_closure(module))}


def files_digest(names: Iterable[str]) -> str:
    """Return the digest of all files that an option reads; "" if none."""
    return "-".join(filter(None, map(file_digest, names)))


def file_digest(name: str) -> str:
    """Return the digest of a file that an option reads, or of the files in a folder.

    The digest depends on the content, so that it detects a change with the same size
    and time, and is the same for a copy on another machine. A file larger than
    `_WHOLE`, such as weights, is sampled, and its times are included. For the name of
    an installed package, its version is used.

    >>> file_digest("")
    ''
    """
    path = Path(name)
    installed = _version(name)
    if not installed and not (name and os.path.exists(name)):  # noqa: PTH110  (False for a name that no file can have)
        return ""  # reading the missing file raises an error later
    digest = hashlib.blake2b(installed.encode(), digest_size=16)
    for line in _file_facts(path):
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _version(name: str) -> str:
    """Return the version of an installed package; "" for any other name."""
    if not name.isidentifier():
        return ""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _file_facts(path: Path) -> Iterator[str]:
    """Yield name and content digest of a file, or of all files in a folder."""
    is_folder = path.is_dir()
    files = (
        sorted(file for file in path.rglob("*") if file.is_file()) if is_folder else []
    )
    for file in files or [path]:
        if file.is_file():
            name = file.relative_to(path).as_posix() if is_folder else file.name
            facts = file.stat()
            stamp = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
            yield f"{name}:{_content_digest(str(file.resolve()), *stamp)};"


@cache
def _content_digest(path: str, size: int, mtime: int, ctime: int) -> str:
    """Return the digest of a file's content, read again only if it was modified."""
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    try:
        with Path(path).open("rb") as file:
            if size > _WHOLE:
                digest.update(f"{mtime}:{ctime}".encode())
                for number in range(_SAMPLES):
                    file.seek(number * (size - _SAMPLE) // (_SAMPLES - 1))
                    digest.update(file.read(_SAMPLE))
            else:
                for block in iter(partial(file.read, _SAMPLE), b""):
                    digest.update(block)
    except OSError:  # using the unreadable file raises an error later
        return ""
    return digest.hexdigest()


def _closure(module: str) -> set[str]:
    modules: set[str] = set()
    pending = [module]
    while pending:
        name = pending.pop()
        if name not in modules and name not in _EXCLUDED:
            modules.add(name)
            pending += _imports(name)
    return modules


@cache
def own_digest(module: str) -> str:
    """Return the digest of one module's source."""
    return _facts(module).digest


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Return a module's imports, at any nesting, from this package and its own."""
    facts = _facts(module)
    names = [*facts.imports]
    for level, origin, imported in facts.from_imports:
        absolute = _absolute(module, level, origin)
        names.append(absolute)
        names += [f"{absolute}.{name}" for name in imported]
    names = [own.resolve(module, name) for name in names]
    tops = {name.partition(".")[0] for name in names}
    packages = {top for top in tops if top == _OURS or _are_related(top, module)}
    ours = (name for name in names if name.partition(".")[0] in packages)
    return tuple(sorted({name for name in ours if _path(name) is not None}))


def _are_related(top: str, module: str) -> bool:
    """Return whether a module belongs to a package, or is in the same folder.

    Packages in `site-packages` are unrelated.
    """
    package = module.partition(".")[0]
    if package in (top, _OURS):
        return top == package
    if own.is_own(package):
        return own.is_own(top) or not (
            top in sys.stdlib_module_names or is_installed(top)
        )
    folder = _folder_of(package)
    if folder is None or folder.name in _INSTALLED:
        return False
    return folder == _folder_of(top)


def is_installed(module: str) -> bool:
    """Return whether a module belongs to an installed package, or is no Python file."""
    path = _path(module)
    return path is None or not _INSTALLED.isdisjoint(path.parts)


def _folder_of(top: str) -> Path | None:
    """Return the folder that contains a module or package."""
    path = _path(top)
    if path is None:
        return None
    return path.parents[1] if path.name == "__init__.py" else path.parent


def _absolute(module: str, level: int, origin: str) -> str:
    """Return the absolute name of the module in a `from` import."""
    if not level:
        return origin
    path = _path(module)
    is_package = path is not None and path.name == "__init__.py"
    package = module if is_package else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * level + origin, package)


@cache
def foreign_imports(module: str) -> tuple[str, ...]:
    """Return the third-party modules that a module imports, directly or indirectly.

    Excludes the standard library, `__future__` included.
    """
    names = {name for source in _closure(module) for name in _foreign_names(source)}
    return tuple(sorted(names))


@cache
def _foreign_names(module: str) -> tuple[str, ...]:
    """Return the third-party modules that one module imports directly."""
    facts = _facts(module)
    origins = [
        origin for level, origin, _ in facts.from_imports if origin and not level
    ]
    excluded = {*sys.stdlib_module_names, _OURS}
    found = [own.resolve(module, name) for name in (*facts.imports, *origins)]
    tops = {name: name.partition(".")[0] for name in found}
    return tuple(
        n for n, top in tops.items() if not (top in excluded or own.is_own(top))
    )


@cache
def _facts(module: str) -> SourceFacts:
    source = own.find_source(module)  # of a user's file, as it was imported
    path = source[0] if source else _path(module)
    if path is None:
        message = f"the source of module {module} was not found"
        raise FileNotFoundError(message)
    return KNOWN_SOURCES.find(source[1] if source else path.read_bytes())


@cache
def _path(module: str) -> Path | None:
    """Return the file of a module; modules of this package are not imported."""
    if module == _OURS or module.startswith(f"{_OURS}."):
        path = _PACKAGE.joinpath(*module.split(".")[1:])
        files = (path / "__init__.py", path.with_suffix(".py"))
        return next((file for file in files if file.is_file()), None)
    source = own.find_source(module)
    if source or own.is_own(module):
        return source[0] if source else None
    origin = getattr(sys.modules.get(module), "__file__", None) or _origin_of(module)
    return Path(origin) if origin and origin.endswith(".py") else None


def _origin_of(module: str) -> str | None:
    """Return the file of a module that was not imported; None if not found."""
    try:
        return getattr(importlib.util.find_spec(module), "origin", None)
    except (ImportError, ValueError):  # a name inside a module, or __main__
        return None
