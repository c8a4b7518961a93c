"""Processes found by a mark in their environment, which descendants inherit."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

import psutil

from rakuten_bench.executor.thread import thread_environment

#: The environment variable. Its value begins with a name of the pool.
MARK = "RAKUTEN_BENCH_WORKERS"

_POLL_INTERVAL = 0.01  # seconds
_KILL_TIMEOUT = 30.0  # seconds: a process in a system call may not exit immediately


def environment_with(mark: str) -> dict[str, str]:
    """Return the environment of a new worker process.

    It has one numeric thread for imports, and a fixed hash seed, which makes the order
    of sets reproducible.
    """
    fixed = {**thread_environment(1), "PYTHONHASHSEED": "0"}
    return {**os.environ, **fixed, MARK: mark}


def end_marked(mark: str) -> None:
    """Kill all other processes whose mark begins like this, also those that start meanwhile."""
    due = time.monotonic() + _KILL_TIMEOUT
    while (processes := list(_iter_marked(mark))) and time.monotonic() < due:
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(_POLL_INTERVAL)


def _iter_marked(mark: str) -> Iterator[psutil.Process]:
    own = os.getpid()
    for pid in psutil.pids():
        if pid != own and _has_mark(pid, mark):
            with contextlib.suppress(psutil.Error):
                yield psutil.Process(pid)


def _has_mark(pid: int, mark: str) -> bool:
    with contextlib.suppress(psutil.Error, OSError):  # ended, or another user's
        return psutil.Process(pid).environ().get(MARK, "").startswith(mark)
    return False


class Marked:
    """Finds processes by their mark again and again; each environment is read once.

    Parameters
    ----------
    mark : str
        Beginning of the mark.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._known: dict[int, bool] = {}

    def find(self) -> list[int]:
        """Return the process ids."""
        known = self._known
        self._known = {
            pid: known[pid] if pid in known else _has_mark(pid, self._mark)
            for pid in psutil.pids()
        }
        return [pid for pid, is_marked in self._known.items() if is_marked]
