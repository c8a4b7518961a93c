"""Claims: one lock per step, held by the process that computes it.

Each lock is a separate file, locked with `flock`: the kernel releases the lock when its
process exits, even by a signal. Waiting polls instead of blocking: threads of several
processes that block on byte ranges of one file trigger the kernel's deadlock detection.
The holder removes the file; a killed process leaves an unlocked file, which the next
claim reuses.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rakuten_bench.store.access import accessing, no_access

_MIN_POLL_INTERVAL, _MAX_POLL_INTERVAL = 0.002, 0.1  # seconds


class Claims:
    """The locks of a cache.

    Parameters
    ----------
    folder : Path
        Holds a file for each claimed step; their contents are unused.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def hold(self, key: str, *, wait: bool = False) -> Iterator[bool]:
        """Claim a step while the block runs; yield False if it is claimed by another.

        Threads of one process exclude each other, too.

        Parameters
        ----------
        key : str
        wait : bool
            Wait until the step is free. The caller must hold no other claim, or two
            waiting processes could deadlock.

        Raises
        ------
        NoAccess
            If the lock file can't be opened or locked.
        """
        path = self.folder / key
        file = _wait_for(path) if wait else _try(path)
        try:
            yield file is not None
        finally:
            if file is not None:
                with suppress(OSError):  # another user's file in a sticky folder
                    path.unlink()
                os.close(file)

    def is_free(self, key: str) -> bool:
        """Return whether a step is unclaimed."""
        if not os.path.lexists(self.folder / key):
            return True
        with self.hold(key) as held:
            return held


def _wait_for(path: Path) -> int:
    interval = _MIN_POLL_INTERVAL
    while (file := _try(path)) is None:
        time.sleep(interval)
        interval = min(2 * interval, _MAX_POLL_INTERVAL)
    return file


def _try(path: Path) -> int | None:
    """Return the descriptor of a locked file; None if another holds the lock."""
    while True:
        file = _open(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except OSError as error:  # such as a network file system without locks
            os.close(file)
            raise no_access(path, error) from error
        if _is_file_of(file, path):
            return file
        os.close(file)  # its holder removed it between the two calls


def _open(path: Path) -> int:
    with accessing(path):
        try:
            return _open_any(path)
        except FileNotFoundError:  # the first claim of a cache
            path.parent.mkdir(parents=True, exist_ok=True)
            return _open_any(path)


def _open_any(path: Path) -> int:
    """Open for writing, which `flock` needs on NFS, else for reading."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY)


def _is_file_of(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
