"""Cached facts about data sets, such as fingerprints and groups of duplicates.

Each file begins with a checksum of the rest; a damaged value is computed again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from rakuten_bench import atomic
from rakuten_bench.store.layout import Layout, keeping

_DIGEST = 16  # bytes


def kept_path(cache: Path, name: str) -> Path:
    """Return the path of a cached value."""
    return Layout(cache).kept / name


def read_kept(path: Path) -> bytes | None:
    """Return a cached value; None if it is missing or damaged.

    Raises
    ------
    UserError
        If the file exists but can't be read.
    """
    if not path.is_file():
        return None
    with keeping(path):
        content = path.read_bytes()
    checksum, value = content[:_DIGEST], content[_DIGEST:]
    return value if checksum == _checksum(value) else None


def write_kept(path: Path, content: bytes) -> None:
    """Cache a value.

    Raises
    ------
    UserError
        If it can't be written.
    """
    write_atomically(path, _checksum(content) + content)


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically, creating its folder.

    Raises
    ------
    UserError
        If it can't be written.
    """
    with keeping(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_atomically(path, content)
