"""The parent of the fork server: whatever ends that, nothing it started is left.

On Linux orphans become children of the nearest living subreaper above them: of the
worker that started them, of the fork server once that worker is dead, and of the guard
once the fork server is dead. The guard, a fork without threads, does nothing but wait.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from rakuten_bench.executor.local.memory import iter_children, iter_tree

#: Environment variable by which descendants are known when guard and fork server were
#: killed together.
MARK = "RAKUTEN_BENCH_WORKERS"

#: What the guard tells of its fork: that it was stopped, and that it was continued.
STOPPED, CONTINUED = b"-", b"+"

_SET_DEATH_SIGNAL = 1  # of Linux's prctl
_SET_SUBREAPER = 36
_GRACE = 2.0  # seconds: who suspends a whole job stops the guard as well
_PAUSE = 0.01  # seconds between two looks at processes that were killed
_LONGEST_END = 30.0  # seconds: a process inside the kernel may not end at once


def adopt_orphans() -> None:
    """Become the parent of all descendants whose own parent ends."""
    _prctl(_SET_SUBREAPER, 1)


def end_with_parent(how: int = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent ends."""
    _prctl(_SET_DEATH_SIGNAL, how)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def guard(serve: Callable[[], None], alarm: socket.socket) -> None:
    """Run a function in a fork; end what is left of its descendants when it has ended.

    A fork that was stopped (SIGSTOP), by a step most likely, is told of and continued.

    Parameters
    ----------
    serve : callable
    alarm : socket
        Takes `STOPPED` and `CONTINUED`.
    """
    adopt_orphans()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        alarm.close()
        os.setsid()  # what signals its group must not reach the guard
        end_with_parent(signal.SIGTERM)
        try:
            if os.getppid() == parent:
                serve()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)  # threads and hooks of what was imported can't keep it
    _close_files(alarm.fileno())
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        _tell(alarm, STOPPED)
        time.sleep(_GRACE)
        os.kill(pid, signal.SIGCONT)
        _tell(alarm, CONTINUED)
    end_descendants()


def _tell(alarm: socket.socket, news: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody is left to hear it
        alarm.sendall(news)


def _close_files(but: int) -> None:
    """Close what the fork alone is to hold: others wait for its end."""
    os.closerange(3, but)
    os.closerange(but + 1, 1 << 16)


def end_descendants() -> None:
    """Kill everything below this process, also what is started meanwhile."""
    due = time.monotonic() + _LONGEST_END
    while (children := iter_children(os.getpid())) and time.monotonic() < due:
        for child in children:
            end_tree(child)
        _bury()
        time.sleep(_PAUSE)


def _bury() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_tree(pid: int) -> None:
    """Kill a process and all below it; those that are gone already are no error."""
    tree = list(iter_tree(pid))
    for one in tree:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGKILL)


def end_marked(mark: str) -> None:
    """Kill all processes with a mark in their environment, where the system shows it."""
    wanted = f"{MARK}={mark}".encode()
    due = time.monotonic() + _LONGEST_END
    while (found := list(_iter_marked(wanted))) and time.monotonic() < due:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE)


def _iter_marked(wanted: bytes) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for name in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208
            with contextlib.suppress(OSError):
                if wanted in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                    yield int(name)
