"""How much memory processes hold."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

import psutil

_PAGE = resource.getpagesize()
_LISTS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()


def tree_memory(pid: int) -> int:
    """Return the bytes that a process and all that it started hold; 0 if it is gone.

    Files that are only mapped do not count where the system tells (Linux): they are the
    cache's, shared by all workers, and given back when memory is short.
    """
    return own_memory(pid) + sum(tree_memory(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    """Return the processes that one has started and not yet buried.

    Linux lists them; psutil would look at every process of the machine.
    """
    if _LISTS_CHILDREN:
        found: list[int] = []
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  called often
                found += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
        return found
    with contextlib.suppress(psutil.Error):
        return [child.pid for child in psutil.Process(pid).children()]
    return []


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123  called often
        return file.read()


def own_memory(pid: int) -> int:
    """Return the bytes that one process holds; 0 if it is gone."""
    with contextlib.suppress(OSError, ValueError):
        words = _read(f"/proc/{pid}/statm").split()
        return (int(words[1]) - int(words[2])) * _PAGE
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def count_kernel_kills() -> int:
    """Return how many processes the kernel has ended for want of memory; 0 if unknown."""
    with contextlib.suppress(OSError):
        for line in _read("/proc/vmstat").splitlines():
            if line.startswith(b"oom_kill "):
                return int(line.split()[1])
    return 0


class PeakMemory:
    """Highest resident memory of this process since the object was made.

    Linux can reset the high-water mark of a process; elsewhere the current size stands
    in for it.
    """

    def __init__(self) -> None:
        self._status = Path("/proc/self/status")
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            self._status = Path()

    def bytes(self) -> int:
        """Return the peak."""
        if self._status.is_file():
            for line in self._status.read_text(encoding="ascii").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return int(psutil.Process().memory_info().rss)
