"""Inspect, clear and verify the contents of a cache."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from rakuten_bench.atomic import is_partial
from rakuten_bench.store.access import InUse, accessing, no_access, refuse_file
from rakuten_bench.store.entry import DamagedEntry, check_entry
from rakuten_bench.store.evict import Stored, list_stored, remove
from rakuten_bench.store.folder import is_whole, iter_built, iter_unfinished
from rakuten_bench.store.layout import Layout
from rakuten_bench.store.pin import EVERYTHING, exclusive, read_pins
from rakuten_bench.store.result import Store


@dataclass
class LeverUsage:
    """The results of one lever.

    Attributes
    ----------
    n_results : int
    size : int
        Bytes on disk.
    seconds : float
        Total time of computing them.
    """

    n_results: int = 0
    size: int = 0
    seconds: float = 0.0


@dataclass
class Inventory:
    """Contents of a cache.

    Attributes
    ----------
    levers : dict of lever to LeverUsage
        "data" stands for tables and rows of folds.
    unfinished : int
        Bytes of unfinished steps.
    elsewhere : int
        Bytes of the cache folder outside of the results: drawn images, splits.
    """

    levers: dict[str, LeverUsage] = field(
        default_factory=lambda: defaultdict(LeverUsage)
    )
    unfinished: int = 0
    elsewhere: int = 0

    @property
    def size(self) -> int:
        """Bytes of all results."""
        return sum(usage.size for usage in self.levers.values()) + self.unfinished


def take_inventory(cache: Path) -> Inventory:
    """Return the usage of a cache."""
    refuse_file(cache)
    store = Store(Layout(cache).steps)
    inventory = Inventory()
    for stored in list_stored(store.root).values():
        facts = store.facts(stored.key) if stored.used else None
        if facts is None:
            inventory.unfinished += stored.size
            continue
        usage = inventory.levers[facts.lever or "data"]
        usage.n_results += 1
        usage.size += stored.size
        usage.seconds += facts.seconds
    inventory.elsewhere = sum(
        path.stat().st_size
        for path in cache.rglob("*")
        if path.is_file() and store.root not in path.parents
    )
    return inventory


@dataclass(frozen=True, slots=True)
class Cleared:
    """Results removed, and results kept because a run needs them.

    Attributes
    ----------
    n_removed, n_kept : int
        Results.
    size, elsewhere : int
        Bytes of the removed results, and of other removed files.
    """

    n_removed: int
    size: int
    n_kept: int
    elsewhere: int = 0


def clear(cache: Path, *, before: float | None = None) -> Cleared:
    """Remove results that no active run needs, and files derived from the data.

    Images, splits and standings are kept while any run is active.

    Parameters
    ----------
    cache : Path
    before : float, optional
        Remove only those last used before this time, in seconds since 1970.
    """
    refuse_file(cache)
    store = Store(Layout(cache).steps)
    if not cache.is_dir():
        return Cleared(0, 0, 0)
    with exclusive(store.root):
        needed = read_pins(store.root)
        chosen = [
            stored
            for stored in list_stored(store.root).values()
            if before is None or stored.used < before
        ]
        cleared = _remove_unneeded(store, chosen, needed)
        return replace(
            cleared, elsewhere=0 if needed else _remove_derived(cache, before)
        )


def _remove_derived(cache: Path, before: float | None) -> int:
    """Remove values derived from the data; return their bytes."""
    files = [path for inner in Layout(cache).iter_derived() for path in inner.glob("*")]
    whole = [path for path in files if not is_partial(path.name)]
    paths = [*iter_built(cache), *iter_unfinished(cache), *whole]
    size = 0
    for path in paths:
        if before is None or path.stat().st_mtime < before:
            size += sum(inner.stat().st_size for inner in (path, *path.rglob("*")))
            with accessing(path):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
    return size


def _remove_unneeded(
    store: Store, chosen: Collection[Stored], needed: Collection[str]
) -> Cleared:
    n_kept = size = 0
    for stored in chosen:
        is_needed = stored.key in needed or EVERYTHING in needed
        if is_needed or not (store.claims.is_free(stored.key) and _remove(stored)):
            n_kept += 1
        else:
            size += stored.size
    return Cleared(len(chosen) - n_kept, size, n_kept)


def _remove(stored: Stored) -> bool:
    """Remove a result; return False if another process reads it, on Windows."""
    try:
        remove(stored)
    except InUse:
        return False
    return True


def verify(cache: Path) -> tuple[int, list[str]]:
    """Verify the checksums of all results and images; remove damaged ones.

    Returns
    -------
    n_results : int
        A folder of images counts as one.
    damaged : list of str
        Descriptions, or keys if the header is unreadable.
    """
    refuse_file(cache)
    store = Store(Layout(cache).steps)
    damaged = []
    keys = list(store.iter_keys())
    for key in keys:
        try:
            check_entry(store.path(key))
        except FileNotFoundError:  # removed by another run
            continue
        except PermissionError as error:  # may be undamaged
            raise no_access(store.path(key), error) from error
        except (DamagedEntry, OSError):
            facts = store.facts(key)
            damaged.append(f"{facts.step} ({key})" if facts else key)
            store.discard(key)
    built = list(iter_built(cache))
    for folder in built:
        if not is_whole(folder):
            damaged.append(folder.name)
            with accessing(folder):
                shutil.rmtree(folder)
    return len(keys) + len(built), damaged
