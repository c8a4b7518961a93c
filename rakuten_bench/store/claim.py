"""Claims: one lock per step, held by the process that computes it.

Each lock is a file of its own, locked with `flock`: the system drops it with the process
that holds it, however it ends. Nobody sleeps in the kernel for a lock: byte ranges of
one file, waited for by several threads of several processes, look like a deadlock to it.
The holder removes the file; what a killed one leaves is an unlocked file, taken over by
the next.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rakuten_bench.store.access import accessing, no_access

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1  # seconds between two tries


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
            Until it is free. Who waits must hold no other claim.

        Raises
        ------
        NoAccess
            If this user can't open the file of the lock, or it can't be locked.
        """
        path = self.folder / key
        file = _wait_for(path) if wait else _try(path)
        try:
            yield file is not None
        finally:
            if file is not None:
                with suppress(OSError):  # another user's, in a folder of theirs
                    path.unlink()
                os.close(file)

    def is_free(self, key: str) -> bool:
        """Return whether a step is unclaimed."""
        if not os.path.lexists(self.folder / key):
            return True
        with self.hold(key) as held:
            return held


def _wait_for(path: Path) -> int:
    pause = _SHORTEST_PAUSE
    while (file := _try(path)) is None:
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
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
        except OSError as error:  # such as a network folder without locks
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
    """Open for writing, which network folders ask for, else for reading."""
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
