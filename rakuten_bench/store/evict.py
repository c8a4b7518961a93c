"""Keep the cache within its size: least recently used results are evicted first."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rakuten_bench import atomic
from rakuten_bench.atomic import remove_leftovers
from rakuten_bench.store.access import NoAccess, accessing
from rakuten_bench.store.result import SUFFIX, Store

_TARGET = 0.9  # of the limit, or the next result would exceed it again
_LEFTOVER_AGE = 60.0  # seconds


@dataclass
class Stored:
    """A result on disk, finished or not.

    Attributes
    ----------
    key : str
    paths : list of Path
    size : int
        Allocated on disk, bytes.
    used : float
        Time of last use, seconds since 1970; 0 if the result is unfinished.
    """

    key: str
    paths: list[Path] = field(default_factory=list)
    size: int = 0
    used: float = 0.0


def list_stored(root: Path) -> dict[str, Stored]:
    """Return all results in a store, finished or not, by key."""
    stored: dict[str, Stored] = {}
    for entry in _iter_files(root):
        key = entry.name.lstrip(".").partition(".")[0]
        item = stored.setdefault(key, Stored(key))
        item.paths.append(Path(entry.path))
        with suppress(OSError):  # removed by another run, or no permission
            stat = entry.stat()
            item.size += _size(entry, stat)
            if entry.name.endswith(SUFFIX):
                item.used = stat.st_mtime
    return stored


def _iter_files(root: Path) -> Iterator[os.DirEntry[str]]:
    for shard in root.glob("??"):
        with suppress(OSError), os.scandir(shard) as entries:
            yield from entries


def _size(entry: os.DirEntry[str], stat: os.stat_result) -> int:
    """Return the allocated size on disk: files may be sparse."""
    if entry.is_dir():
        inner = Path(entry.path).rglob("*")
        return sum(_allocated(path.stat()) for path in inner if path.is_file())
    return _allocated(stat)


def _allocated(stat: os.stat_result) -> int:
    """Return the bytes on disk; on Windows, which does not tell, the size."""
    n_blocks: int | None = getattr(stat, "st_blocks", None)
    return stat.st_size if n_blocks is None else n_blocks * 512


def evict(store: Store, most_bytes: int, needed: Collection[str]) -> int:
    """Evict results until the rest fits; return the remaining bytes.

    Parameters
    ----------
    store : Store
    most_bytes : int
        Maximum size; nothing is evicted below it.
    needed : collection of str
        Keys pinned by this and other runs, which are never evicted.
    """
    for shard in store.root.glob("??"):
        remove_leftovers(shard)
    stored = list_stored(store.root)
    _remove_unfinished(store, stored)
    total = sum(item.size for item in stored.values())
    if total <= most_bytes:
        return total
    for item in sorted(stored.values(), key=lambda item: item.used):
        if total <= most_bytes * _TARGET:
            break
        if item.key not in needed and store.claims.is_free(item.key):
            with suppress(NoAccess):  # left to the runs of its owner
                remove(item)
                total -= item.size
    return total


def remove(stored: Stored) -> None:
    """Remove a result: the entry first, so that it never lacks an attached file.

    Raises
    ------
    NoAccess
        If this user has no permission.
    """
    for path in sorted(stored.paths, key=lambda path: path.suffix != SUFFIX):
        with accessing(path):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                atomic.remove(path)


def _remove_unfinished(store: Store, results: dict[str, Stored]) -> None:
    """Remove unfinished work of killed runs whose results exist."""
    before = time.time() - _LEFTOVER_AGE
    for item in results.values():
        for path in list(item.paths):
            is_done = path.suffix == ".work" and item.used
            if is_done and _is_old(path, before) and store.claims.is_free(item.key):
                with suppress(NoAccess):
                    remove(Stored(item.key, [path]))
                    item.paths.remove(path)


def _is_old(path: Path, before: float) -> bool:
    with suppress(OSError):
        return path.stat().st_mtime < before
    return False
