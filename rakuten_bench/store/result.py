"""Results of steps on disk, by key: written once, memory-mapped when read back."""

from __future__ import annotations

import errno
import os
import shutil
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from rakuten_bench.atomic import remove
from rakuten_bench.errors import UserError
from rakuten_bench.store.access import accessing, no_access
from rakuten_bench.store.claim import Claims
from rakuten_bench.store.codec import Encoded, encode
from rakuten_bench.store.entry import (
    DamagedEntry,
    Facts,
    OutdatedEntry,
    Stamp,
    read_entry,
    read_header,
    write_entry,
)

__all__ = ["Facts", "FullDisk", "LostResult", "Recompute", "Store"]

SUFFIX = ".entry"
_LEAST_FREE = 1 << 20  # bytes: a disk with less counts as full
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LostResult(Exception):
    """A stored result is missing, or was damaged and removed."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"result {key} is not in the cache")

    def __reduce__(self) -> tuple[object, ...]:
        return LostResult, (self.key,)


class FullDisk(UserError):
    """The disk is full, or a folder can't be written."""


class Recompute:
    """Placeholder for a value that is recomputed at each use.

    Attributes
    ----------
    step : Step
    """

    def __init__(self, step: Any) -> None:
        self.step = step


class Store:
    """A folder of results.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def claims(self) -> Claims:
        """Return the locks of this folder, the same object in the whole process."""
        return _claims(self.root / "locks")

    def path(self, key: str) -> Path:
        """Return the path of a result's entry."""
        return self.root / key[-2:] / f"{key}{SUFFIX}"

    def folder(self, key: str) -> Path:
        """Return the folder for unfinished work of a step."""
        return self.root / key[-2:] / f"{key}.work"

    def __contains__(self, key: str) -> bool:
        return os.path.exists(f"{self.root}/{key[-2:]}/{key}{SUFFIX}")  # noqa: PTH110  called for every step of a plan

    def facts(self, key: str) -> Facts | None:
        """Return the facts of a result; None if it is missing or damaged."""
        try:
            return read_header(self.path(key)).facts
        except FileNotFoundError:
            return None
        except PermissionError as error:  # another user's, may be undamaged
            raise no_access(self.path(key), error) from error
        except (DamagedEntry, OSError) as error:
            self._drop(key, error)
            return None

    def load(self, key: str) -> Any:
        """Read a value; its arrays are memory-mapped, read-only.

        Returns
        -------
        object
            A `Recompute` if recomputing is cheaper than storing the value.

        Raises
        ------
        LostResult
            If the result is missing, or damaged and therefore removed.
        ForeignPickle
            If loading it could run another user's code.
        NoAccess
            If this user has no permission to read it.
        """
        try:
            value, header = read_entry(self.path(key), _verified(self.root))
        except PermissionError as error:
            raise no_access(self.path(key), error) from error
        except (DamagedEntry, OSError) as error:
            self._drop(key, error)
            raise LostResult(key) from error
        return Recompute(value) if header.is_recompute else value

    def save(self, key: str, value: object, facts: Facts) -> Facts:
        """Write a value and its facts; return them with the size.

        Raises
        ------
        FullDisk
            If the disk is full or the folder cannot be written.
        NoAccess
            If this user has no permission to write there.
        """
        return self.write(key, encode(value, self.folder(key)), facts)

    def save_recompute(self, key: str, step: Any, facts: Facts) -> Facts:
        """Store that a step's value is recomputed at each use."""
        return self.write(key, encode(step), facts, is_recompute=True)

    def write(
        self, key: str, encoded: Encoded, facts: Facts, *, is_recompute: bool = False
    ) -> Facts:
        """Write an encoded value; remove unfinished work of its step."""
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            facts = write_entry(path, encoded, facts, is_recompute=is_recompute)
        except PermissionError as error:
            raise no_access(path, error) from error
        except OSError as error:
            raise cannot_write(self.root, error) from error
        self._marker(key).unlink(missing_ok=True)
        if self.folder(key).exists():
            shutil.rmtree(self.folder(key), ignore_errors=True)
        return facts

    def was_damaged(self, key: str) -> bool:
        """Return whether a damaged result was removed and not recomputed since."""
        return self._marker(key).exists()

    def _marker(self, key: str) -> Path:
        """Return the path of the marker of a removed damaged result."""
        return self.root / key[-2:] / f"{key}.damaged"

    def _drop(self, key: str, error: Exception) -> None:
        """Remove an unreadable result; leave a marker if it was damaged."""
        # of the functions that failed: Windows removes no file that is still mapped
        traceback.clear_frames(error.__traceback__)
        self.discard(key)
        if isinstance(error, DamagedEntry) and not isinstance(error, OutdatedEntry):
            with suppress(OSError):
                self._marker(key).touch()

    def discard(self, key: str) -> None:
        """Remove a result."""
        with accessing(self.path(key)):
            remove(self.path(key))
            for file in self.root.joinpath(key[-2:]).glob(f"{key}.*.data"):
                remove(file)

    def touch(self, keys: Iterable[str]) -> None:
        """Mark results as recently used, for eviction."""
        now = time.time()
        for key in keys:
            with suppress(OSError):
                os.utime(self.path(key), (now, now))

    def iter_keys(self) -> Iterator[str]:
        """Yield the keys of all results."""
        for file in self.root.glob(f"??/*{SUFFIX}"):
            yield file.name.removesuffix(SUFFIX)


@cache
def _verified(root: Path) -> set[Stamp]:
    """Return the files of a folder that this process has verified."""
    del root
    return set()


@cache
def _claims(path: Path) -> Claims:
    return Claims(path)


def is_full(error: OSError) -> bool:
    """Return whether an error means that the disk is full or a quota is exceeded."""
    return error.errno in _FULL


def check_space(folder: Path) -> None:
    """Check the free space after a process was killed by SIGBUS.

    The kernel sends SIGBUS for a write to a mapped file on a full disk, where an
    ordinary write would fail with an error.

    Raises
    ------
    FullDisk
        If the disk is full.
    """
    if shutil.disk_usage(folder).free < _LEAST_FREE:
        raise cannot_write(folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def cannot_write(folder: Path, error: OSError) -> FullDisk:
    """Return the error for a failed write, with its remedy."""
    if not is_full(error):
        message = (
            f"{folder}: can't be written ({error.strerror or error}). Choose another "
            f"folder with --cache or --results."
        )
        return FullDisk(message)
    message = (
        f"{folder}: no space left on the disk. Finished results are kept; free space "
        f"(rakuten-bench cache clear), or choose another --cache, and run again."
    )
    return FullDisk(message)
