"""Pins: results that running plans need, protected from eviction."""

from __future__ import annotations

import os
import uuid
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from rakuten_bench.atomic import remove
from rakuten_bench.store.access import NoAccess, accessing
from rakuten_bench.store.lock import Release, lock, try_lock

#: Pins all results and all files derived from data, for a run that has no plan yet.
EVERYTHING = "*"


class Pin:
    """A set of keys that stays pinned until it is closed or its process exits.

    A lock file beside the file of the keys is locked as long as they are pinned.

    Parameters
    ----------
    root : Path
        Folder of the store.
    """

    def __init__(self, root: Path) -> None:
        folder = root / "pins"
        self.path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        with accessing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            release = lock(_lock_path(self.path))
            self.path.touch()
        self._close = weakref.finalize(self, _close, release, self.path)

    @classmethod
    def of_everything(cls, root: Path) -> Self:
        """Return a pin of all results, for a run that is preparing its plan."""
        with exclusive(root):
            pin = cls(root)
            pin.write([EVERYTHING])
        return pin

    @property
    def is_open(self) -> bool:
        """Whether the pin has not been closed."""
        return self._close.alive

    def write(self, keys: Iterable[str]) -> None:
        """Replace the pinned keys."""
        self.path.write_bytes("\n".join(sorted(keys)).encode())

    def close(self) -> None:
        """Release the pin; repeated calls are allowed."""
        self._close()


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def _close(release: Release, path: Path) -> None:
    remove(path)
    release()


def read_pins(root: Path, *, but: Pin | None = None) -> set[str]:
    """Return the keys pinned by other runs; remove pins of dead runs."""
    keys: set[str] = set()
    for lock_path in root.glob("pins/*.lock"):
        path = lock_path.with_suffix("")
        if but is None or path != but.path:
            keys |= _read(path)
    return keys


def _read(path: Path) -> set[str]:
    with suppress(OSError, NoAccess):
        release = try_lock(_lock_path(path))
        if release is None:  # its owner is alive
            return set(path.read_bytes().decode().split())
        try:
            path.unlink(missing_ok=True)
        finally:
            release()
    return set()


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Lock eviction and pinning by other processes while the block runs."""
    release = lock(root / "evict.lock", keep=True)
    try:
        yield
    finally:
        release()
