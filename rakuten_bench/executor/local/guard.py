"""Guard: the parent of the fork server, which kills its descendants when it exits.

On Linux orphans become children of the nearest living subreaper above them: the worker
that started them, the fork server once that worker is dead, and the guard once the fork
server is dead. The guard is a fork without threads that only waits.
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
from collections.abc import Callable

from rakuten_bench.executor.memory import iter_children, iter_tree

#: Messages of the guard: its fork was stopped, and continued.
STOPPED, CONTINUED = b"-", b"+"

_SET_DEATH_SIGNAL = 1  # of Linux's prctl
_SET_SUBREAPER = 36
_GRACE = 2.0  # seconds: suspending the whole job stops the guard as well
_POLL_INTERVAL = 0.01  # seconds
_KILL_TIMEOUT = 30.0  # seconds: a process in a system call may not exit immediately


def adopt_orphans() -> None:
    """Become the parent of all descendants whose parent exits (subreaper)."""
    _prctl(_SET_SUBREAPER, 1)


def end_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent exits."""
    _prctl(_SET_DEATH_SIGNAL, signal_number)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def guard(serve: Callable[[], None], alarm: socket.socket) -> None:
    """Run a function in a fork; kill its remaining descendants when it exits.

    A fork that was stopped (SIGSTOP), most likely by a step, is reported and continued.

    Parameters
    ----------
    serve : callable
    alarm : socket
        Receives `STOPPED` and `CONTINUED`.
    """
    adopt_orphans()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        alarm.close()
        os.setsid()  # a signal to its group must not reach the guard
        end_with_parent(signal.SIGTERM)
        try:
            if os.getppid() == parent:
                serve()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)  # no threads or exit hooks of imported modules delay it
    _close_files(alarm.fileno())
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        _send(alarm, STOPPED)
        time.sleep(_GRACE)
        os.kill(pid, signal.SIGCONT)
        _send(alarm, CONTINUED)
    end_descendants()


def _send(alarm: socket.socket, message: bytes) -> None:
    with contextlib.suppress(OSError):  # the owner is gone
        alarm.sendall(message)


def _close_files(but: int) -> None:
    """Close the fork's files here, so that its peers see them closed when it exits."""
    os.closerange(3, but)
    os.closerange(but + 1, 1 << 16)


def end_descendants() -> None:
    """Kill all descendants of this process, also those that start meanwhile."""
    due = time.monotonic() + _KILL_TIMEOUT
    while (children := iter_children(os.getpid())) and time.monotonic() < due:
        for child in children:
            end_tree(child)
        _reap()
        time.sleep(_POLL_INTERVAL)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_tree(pid: int) -> None:
    """Kill a process and all its descendants; those that have exited are skipped."""
    tree = list(iter_tree(pid))
    for member in tree:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)
