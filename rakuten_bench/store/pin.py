"""Pins: results that running plans need, protected from eviction."""

from __future__ import annotations

import fcntl
import os
import uuid
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from rakuten_bench.store.access import accessing

#: Pins all results and all files derived from data, for a run that has no plan yet.
EVERYTHING = "*"


class Pin:
    """A set of keys that stays pinned until it is closed or its process exits.

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
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        fcntl.flock(self._file, fcntl.LOCK_EX)  # released by the kernel at exit
        self._close = weakref.finalize(self, _close, self._file, self.path)

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
        text = "\n".join(sorted(keys)).encode()
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text, 0)

    def close(self) -> None:
        """Release the pin; repeated calls are allowed."""
        self._close()


def _close(file: int, path: Path) -> None:
    path.unlink(missing_ok=True)
    os.close(file)


def read_pins(root: Path, *, but: Pin | None = None) -> set[str]:
    """Return the keys pinned by other runs; remove pins of dead runs."""
    keys: set[str] = set()
    for path in root.glob("pins/*"):
        if but is None or path != but.path:
            keys |= _read(path)
    return keys


def _read(path: Path) -> set[str]:
    with suppress(OSError), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:  # its owner is alive
            return set(file.read().decode().split())
        path.unlink(missing_ok=True)
    return set()


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Lock eviction and pinning by other processes while the block runs."""
    path = root / "evict.lock"
    with accessing(path):
        root.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    with lock as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
