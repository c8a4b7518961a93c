"""Facts about source files, parsed once and kept in the cache.

Parsing and hashing the modules of a plan takes a second, their text a few milliseconds
to read.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from rakuten_bench.errors import UserError
from rakuten_bench.store.kept import kept_path, read_kept, write_kept

_EMPTY = msgspec.msgpack.encode({})
#: Facts of another code than this module's are not used.
_CODE = hashlib.blake2b(Path(__file__).read_bytes(), digest_size=8).hexdigest()
#: `ast.dump` differs between versions of Python.
_NAME = f"sources-{sys.version_info.major}.{sys.version_info.minor}-{_CODE}"


class SourceFacts(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a source file.

    Attributes
    ----------
    digest : str
        Of its syntax tree, without comments and docstrings.
    imports : tuple of str
        The modules of its `import` statements.
    from_imports : tuple of (level, module, names)
        Its `from` statements; level and module as in `ast.ImportFrom`.
    """

    digest: str
    imports: tuple[str, ...]
    from_imports: tuple[tuple[int, str, tuple[str, ...]], ...]


class KnownSources:
    """The facts about source files by the hash of their content."""

    def __init__(self) -> None:
        self._facts: dict[str, SourceFacts] = {}

    def find(self, content: bytes) -> SourceFacts:
        """Return the facts about a source file, parsed if they are not yet known."""
        key = hashlib.blake2b(content, digest_size=16).hexdigest()
        if key not in self._facts:
            self._facts[key] = _parse(content)
        return self._facts[key]

    @contextmanager
    def kept_in(self, cache: Path) -> Iterator[None]:
        """Start with what is kept in a cache, and keep there what is found."""
        path = kept_path(cache, _NAME)
        with suppress(UserError):  # not readable: parsed again
            self._load(read_kept(path))
        n_known = len(self._facts)
        yield
        if len(self._facts) > n_known:
            with suppress(UserError):  # not writable: parsed again next time
                write_kept(path, msgspec.msgpack.encode(self._facts))

    def _load(self, content: bytes | None) -> None:
        kind = dict[str, SourceFacts]
        with suppress(ValueError):  # of another version
            self._facts |= msgspec.msgpack.decode(content or _EMPTY, type=kind)


#: Of this process: a pure function's results, which no caller can change.
KNOWN_SOURCES = KnownSources()


def _parse(content: bytes) -> SourceFacts:
    tree = _remove_docstrings(ast.parse(content))
    imports: dict[str, None] = {}
    from_imports = []
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            imports |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            from_imports.append((node.level, node.module or "", names))
    dumped = ast.dump(tree).encode()
    digest = hashlib.blake2b(dumped, digest_size=16).hexdigest()
    return SourceFacts(digest, tuple(imports), tuple(from_imports))


def _remove_docstrings(tree: ast.Module) -> ast.Module:
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

    Expressions contain no statements: skipping them visits a tenth of the nodes.
    """
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.stmt):
            yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            pending += getattr(node, field, ())
