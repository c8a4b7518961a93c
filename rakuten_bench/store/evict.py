"""Keep the cache within its size: least recently used results are evicted first."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rakuten_bench.atomic import remove_leftovers
from rakuten_bench.store.access import NoAccess, accessing
from rakuten_bench.store.result import SUFFIX, Store

_SOME_AIR = 0.9  # of the size; or it would be full again at once
_LEFTOVER_AGE = 60.0  # seconds


@dataclass
class Stored:
    """A result on the disk.

    Attributes
    ----------
    key : str
    paths : list of Path
    size : int
        Bytes that it takes on the disk.
    used : float
        When it was last used, seconds since 1970; 0 where there is no whole result.
    """

    key: str
    paths: list[Path] = field(default_factory=list)
    size: int = 0
    used: float = 0.0


def list_stored(root: Path) -> dict[str, Stored]:
    """Return everything that lies in a store, by key."""
    found: dict[str, Stored] = {}
    for entry in _iter_files(root):
        key = entry.name.lstrip(".").partition(".")[0]
        one = found.setdefault(key, Stored(key))
        one.paths.append(Path(entry.path))
        with suppress(OSError):  # another run tidied up, or it is another user's
            stat = entry.stat()
            one.size += _size(entry, stat)
            if entry.name.endswith(SUFFIX):
                one.used = stat.st_mtime
    return found


def _iter_files(root: Path) -> Iterator[os.DirEntry[str]]:
    for shard in root.glob("??"):
        with suppress(OSError), os.scandir(shard) as entries:
            yield from entries


def _size(entry: os.DirEntry[str], stat: os.stat_result) -> int:
    """Return the allocated size on disk: files may be sparse."""
    if entry.is_dir():
        inner = Path(entry.path).rglob("*")
        return sum(path.stat().st_blocks * 512 for path in inner if path.is_file())
    return stat.st_blocks * 512


def evict(store: Store, most_bytes: int, needed: Collection[str]) -> int:
    """Evict results until the rest fits; return the remaining bytes.

    Parameters
    ----------
    store : Store
    most_bytes : int
        Nothing is removed unless there is more.
    needed : collection of str
        Keys that are never evicted, of this run and of others.
    """
    for shard in store.root.glob("??"):
        remove_leftovers(shard)
    found = list_stored(store.root)
    _remove_unfinished(store, found)
    total = sum(one.size for one in found.values())
    if total <= most_bytes:
        return total
    for one in sorted(found.values(), key=lambda one: one.used):
        if total <= most_bytes * _SOME_AIR:
            break
        if one.key not in needed and store.claims.is_free(one.key):
            with suppress(NoAccess):  # another user's: its owner's runs remove it
                remove(one)
                total -= one.size
    return total


def remove(stored: Stored) -> None:
    """Remove a result: first the file that says it is there.

    Raises
    ------
    NoAccess
        If this user may not.
    """
    for path in sorted(stored.paths, key=lambda path: path.suffix != SUFFIX):
        with accessing(path):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _remove_unfinished(store: Store, found: dict[str, Stored]) -> None:
    """Remove unfinished work of killed runs whose results exist."""
    before = time.time() - _LEFTOVER_AGE
    for one in found.values():
        for path in list(one.paths):
            is_done = path.suffix == ".work" and one.used
            if is_done and _is_old(path, before) and store.claims.is_free(one.key):
                with suppress(NoAccess):
                    remove(Stored(one.key, [path]))
                    one.paths.remove(path)


def _is_old(path: Path, before: float) -> bool:
    with suppress(OSError):
        return path.stat().st_mtime < before
    return False
