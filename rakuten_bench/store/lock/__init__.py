"""Exclusive locks on files: the system releases them when their process exits.

`flock` is used where the system has it, `filelock` elsewhere. On Windows other processes
can't read a locked file: what a lock protects belongs into another file.
"""

from __future__ import annotations

import time
from pathlib import Path

from rakuten_bench.store.lock.release import Release

try:
    from rakuten_bench.store.lock.flock import try_lock
except ModuleNotFoundError:  # no `fcntl`, as on Windows
    from rakuten_bench.store.lock.windows import try_lock

__all__ = ["Release", "lock", "try_lock"]

_MIN_POLL_INTERVAL, _MAX_POLL_INTERVAL = 0.002, 0.1  # seconds


def lock(path: Path, *, keep: bool = False) -> Release:
    """Wait until a file can be locked; return a function that releases it.

    Waiting polls instead of blocking: threads of several processes that block on byte
    ranges of one file trigger the kernel's deadlock detection.

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
    interval = _MIN_POLL_INTERVAL
    while (release := try_lock(path, keep=keep)) is None:
        time.sleep(interval)
        interval = min(2 * interval, _MAX_POLL_INTERVAL)
    return release
