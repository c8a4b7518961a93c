"""Locks of Linux and macOS: `flock` works on any file and across hosts on NFS."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from rakuten_bench.store.access import accessing, no_access
from rakuten_bench.store.lock.release import Release


def try_lock(path: Path, *, keep: bool = False) -> Release | None:
    """Lock a file, which is created; return None if another holds the lock.

    Threads of one process exclude each other, too. A killed process leaves an unlocked
    file, which is reused.

    Parameters
    ----------
    path : Path
    keep : bool
        Leave the file when the lock is released; it must be writable.

    Raises
    ------
    NoAccess
        If the file can't be opened or locked.
    """
    while True:
        file = _open(path, _open_for_writing if keep else _open_any)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except OSError as error:  # such as a network file system without locks
            os.close(file)
            raise no_access(path, error) from error
        if _is_file_of(file, path):
            return partial(os.close, file) if keep else partial(_release, file, path)
        os.close(file)  # its holder removed it between the two calls


def _release(file: int, path: Path) -> None:
    with suppress(OSError):  # another user's file in a sticky folder
        path.unlink()
    os.close(file)


def _open(path: Path, opened: Callable[[Path], int]) -> int:
    with accessing(path):
        try:
            return opened(path)
        except FileNotFoundError:  # the first lock of a cache
            path.parent.mkdir(parents=True, exist_ok=True)
            return opened(path)


def _open_for_writing(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


def _open_any(path: Path) -> int:
    """Open for writing, which `flock` needs on NFS, else for reading."""
    try:
        return _open_for_writing(path)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY)


def _is_file_of(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
