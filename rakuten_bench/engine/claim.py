"""Who computes what: one lock per step, held by the process that is at work on it.

All locks of a cache are single bytes of one file. The system drops them with the
process that holds them, however it ends, so there is nothing to clean up and nobody to
ask whether an owner is still alive.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rakuten_bench.engine.access import accessing, no_access

_opening = threading.Lock()
_DIGITS = 15  # of the key in hexadecimal: an offset below 2**60


class Claims:
    """The locks of a cache.

    A process must have one object for one file only: closing any of its descriptors
    would drop all its locks (POSIX).

    Parameters
    ----------
    path : Path
        The file of the locks; its content is of no interest.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1
        self._owner = 0

    @contextmanager
    def hold(self, key: str, *, wait: bool = False) -> Iterator[bool]:
        """Claim a step while the block runs; gives False where another has it.

        Parameters
        ----------
        key : str
        wait : bool
            Until it is free.

        Raises
        ------
        NoAccess
            If this user can't open the file of the locks, or it can't be locked.
        """
        held = self._lock(key, 0 if wait else fcntl.LOCK_NB)
        try:
            yield held
        finally:
            if held:
                fcntl.lockf(self._open(), fcntl.LOCK_UN, 1, _offset(key))

    def is_free(self, key: str) -> bool:
        """Tell whether no other process has claimed a step."""
        with self.hold(key) as held:
            return held

    def _lock(self, key: str, flags: int) -> bool:
        file = self._open()
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | flags, 1, _offset(key))
        except (BlockingIOError, PermissionError):  # systems differ: another has it
            return False
        except OSError as error:  # such as a network folder without locks
            raise no_access(self.path, error) from error
        return True

    def _open(self) -> int:
        with _opening:
            return self._opened()

    def _opened(self) -> int:
        if self._owner != os.getpid():
            with accessing(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            self._owner = os.getpid()
        return self._file


def _offset(key: str) -> int:
    return int(key[-_DIGITS:], 16)
