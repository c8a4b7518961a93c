"""Locks of systems without `flock`, by the package `filelock`."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from rakuten_bench.store.access import accessing
from rakuten_bench.store.lock.release import Release

_FOR_ALL_USERS = 0o666  # less the umask


def try_lock(path: Path, *, keep: bool = False) -> Release | None:
    """Lock a file, which is created; return None if another holds the lock.

    Threads of one process exclude each other, too. A killed process leaves an unlocked
    file, which is reused.

    Parameters
    ----------
    path : Path
    keep : bool
        Leave the file when the lock is released, except on Windows.

    Raises
    ------
    NoAccess
        If the file can't be opened or locked.
    """
    with accessing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, mode=_FOR_ALL_USERS, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
    return lock.release if keep else partial(_release, lock, path)


def _release(lock: BaseFileLock, path: Path) -> None:
    with suppress(OSError):  # Windows removes no open file; `release` does it there
        path.unlink()
    lock.release()
