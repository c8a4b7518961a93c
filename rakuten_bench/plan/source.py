"""Digest of the code behind a step: a module and those of its package that it imports.

Comments and docstrings do not count, so that describing code better runs nothing again.
The registry and the errors are left out: they describe options and compute nothing.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path

_OURS = "rakuten_bench"
_PACKAGE = Path(__file__).parents[1]
#: Folders in which packages of all kinds lie side by side.
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_WHOLE = 2**28  # bytes up to which all of a file is read for its digest
_SAMPLE, _SAMPLES = 2**20, 64
_LEFT_OUT = frozenset(
    {_OURS, f"{_OURS}.registry", f"{_OURS}.errors", f"{_OURS}.levers"}
)


@cache
def source_digest(module: str) -> str:
    """Return the digest of a module and of ours that it imports, at any depth.

    A module of another package counts with those of that package and those that lie
    beside it, and with ours.

    Parameters
    ----------
    module : str
        Dotted name; the module is not imported.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(_closure(module)):
        digest.update(f"{name}:{own_digest(name)};".encode())
    return digest.hexdigest()


@cache
def package_digest() -> str:
    """Return the digest of all of our source, comments included: no module is parsed."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(str(path.relative_to(_PACKAGE)).encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def source_digests(module: str) -> dict[str, str]:
    """Return the digest of each module that counts, by name."""
    return {name: own_digest(name) for name in sorted(_closure(module))}


def files_digest(names: Iterable[str]) -> str:
    """Return the digest of all that an option reads; "" where there is nothing."""
    return "-".join(filter(None, map(file_digest, names)))


def file_digest(name: str) -> str:
    """Return the digest of a file that an option reads, or of the files in a folder.

    Contents decide, so that a file changed at the same size and time is another one,
    and one copied to another machine the same. Of a file larger than `_WHOLE`, such as
    weights, samples are read, and its times count. A package that is named in place of
    a file counts by its version.

    >>> file_digest("")
    ''
    """
    place = Path(name)
    installed = _version(name)
    if not installed and not (name and os.path.exists(name)):  # noqa: PTH110  (False for a name that no file can have)
        return ""  # what is missing is refused when it is read
    digest = hashlib.blake2b(installed.encode(), digest_size=16)
    for line in _file_facts(place):
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _version(name: str) -> str:
    """Return the version of an installed package; "" where no package is so named."""
    if not name.isidentifier():
        return ""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _file_facts(place: Path) -> Iterator[str]:
    """Tell files from others: a file, those in a folder, or none."""
    inside = place.is_dir()
    files = (
        sorted(file for file in place.rglob("*") if file.is_file()) if inside else []
    )
    for file in files or [place]:
        if file.is_file():
            name = file.relative_to(place).as_posix() if inside else file.name
            facts = file.stat()
            stamp = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
            yield f"{name}:{_content_digest(str(file.resolve()), *stamp)};"


@cache
def _content_digest(path: str, size: int, mtime: int, ctime: int) -> str:
    """Return the digest of a file's content, read once as long as it is not touched."""
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
    except OSError:  # what can't be read is refused when it is used
        return ""
    return digest.hexdigest()


def _closure(module: str) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found and name not in _LEFT_OUT:
            found.add(name)
            waiting += _imports(name)
    return found


@cache
def own_digest(module: str) -> str:
    """Return the digest of one module's source."""
    return hashlib.blake2b(
        ast.dump(_bare_tree(module)).encode(), digest_size=16
    ).hexdigest()


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Return modules that a module imports anywhere: ours, and its own package's."""
    names: list[str] = []
    for node in _statements(_bare_tree(module)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            names.append(origin)
            names += [f"{origin}.{alias.name}" for alias in node.names]
    tops = {name.partition(".")[0] for name in names}
    packages = {top for top in tops if top == _OURS or _belong_together(top, module)}
    ours = (name for name in names if name.partition(".")[0] in packages)
    return tuple(sorted({name for name in ours if _path(name) is not None}))


def _belong_together(top: str, module: str) -> bool:
    """Tell whether a module is of a package, or lies in one folder with it.

    In a folder where packages are installed lies what has nothing in common.
    """
    own = module.partition(".")[0]
    if top == own or own == _OURS:
        return top == own
    folder = _folder_of(own)
    if folder is None or folder.name in _INSTALLED:
        return False
    return folder == _folder_of(top)


def _folder_of(top: str) -> Path | None:
    """Return the folder that a module or package lies in."""
    path = _path(top)
    if path is None:
        return None
    return path.parents[1] if path.name == "__init__.py" else path.parent


def _origin(module: str, node: ast.ImportFrom) -> str:
    """Return the absolute name of what a module imports names from."""
    if not node.level:
        return node.module or ""
    path = _path(module)
    is_package = path is not None and path.name == "__init__.py"
    package = module if is_package else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * node.level + (node.module or ""), package)


@cache
def foreign_imports(module: str) -> tuple[str, ...]:
    """Return the packages of others that a module and ours behind it import anywhere.

    Modules of the standard library are left out, and `from __future__`.
    """
    names: set[str] = set()
    for one in _closure(module):
        for node in _statements(_bare_tree(one)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    left_out = {*sys.stdlib_module_names, _OURS}
    return tuple(sorted(n for n in names if n.partition(".")[0] not in left_out))


@cache
def _bare_tree(module: str) -> ast.Module:
    """Parse a module and take its docstrings out."""
    path = _path(module)
    if path is None:
        message = f"the source of module {module} is not to be found"
        raise FileNotFoundError(message)
    tree = ast.parse(path.read_text(encoding="utf8"))
    for node in _documented(tree):
        first = node.body[0] if node.body else None
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            node.body = node.body[1:]
    return tree


def _documented(
    tree: ast.Module,
) -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef]:
    yield tree
    for node in _statements(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements of a module at any depth.

    Expressions hold none: without them there is a tenth of the nodes to look at.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, field, ())


@cache
def _path(module: str) -> Path | None:
    """Return the file of a module; ours are not imported to find it."""
    if module == _OURS or module.startswith(f"{_OURS}."):
        place = _PACKAGE.joinpath(*module.split(".")[1:])
        files = (place / "__init__.py", place.with_suffix(".py"))
        return next((file for file in files if file.is_file()), None)
    found = getattr(sys.modules.get(module), "__file__", None) or _origin_of(module)
    return Path(found) if found and found.endswith(".py") else None


def _origin_of(module: str) -> str | None:
    """Return where a module that was not imported comes from; None if it is none."""
    try:
        return getattr(importlib.util.find_spec(module), "origin", None)
    except (ImportError, ValueError):  # a name inside a module, or __main__
        return None
