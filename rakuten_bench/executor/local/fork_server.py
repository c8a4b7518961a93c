"""Fork server: forks the workers, and kills them with all their descendants.

The server is a fresh interpreter, since forking the main process, which has threads, is
unsafe. It imports the workers' modules once, so that a fork takes milliseconds. It exits,
and kills all workers, when the connection to its owner closes, also if the owner was
killed. On Linux all descendants of a worker stay below it in the process tree, even if
they start a session of their own, and are re-parented to the fork server when the worker
exits. If the fork server itself is killed, its guard kills them.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import signal
import socket
import struct
from collections.abc import Mapping
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from rakuten_bench.executor.local.guard import (
    adopt_orphans,
    end_descendants,
    end_tree,
    end_with_parent,
    guard,
)
from rakuten_bench.executor.memory import iter_children
from rakuten_bench.executor.preload import find_changed, import_all
from rakuten_bench.executor.worker import serve

#: A request: action ("+" fork, "-" kill) and number of the worker. "+" carries two file
#: descriptors: the worker's connection, and the file for its output.
REQUEST = struct.Struct("!cI")

_ANY_CHANGE = os.WNOHANG | os.WUNTRACED | os.WCONTINUED


class ForkServer:
    """Forks and kills workers on request.

    Parameters
    ----------
    control : socket
        Receives requests and sends events, as lines of JSON: ``{"worker": 3, "pid":
        41}`` when a worker starts, ``{"worker": 3, "exit": -11}`` when it exits,
        ``{"worker": 3, "is_stopped": 1}`` when a signal stops it and 0 when it is
        continued.
    n_threads : int
        Numeric threads of each worker.
    """

    def __init__(self, control: socket.socket, n_threads: int) -> None:
        self.control = control
        self.n_threads = n_threads
        self.numbers: dict[int, int] = {}
        self.is_over = False

    def run(self) -> None:
        """Serve requests until the owner or the guard exits; then kill all workers."""
        wake, awake = socket.socketpair()
        awake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._end_soon())
        signal.set_wakeup_fd(awake.fileno(), warn_on_full_buffer=False)
        while not self.is_over:
            ready = wait([self.control, wake])
            if wake in ready:
                wake.recv(4096)
                self._reap()
            if self.control in ready and not self._answer():
                break
        signal.set_wakeup_fd(-1)  # the socket is closed with this function
        end_descendants()

    def _end_soon(self) -> None:
        self.is_over = True

    def _answer(self) -> bool:
        """Serve one request; return False if the connection is closed."""
        try:
            request, files, _, _ = socket.recv_fds(self.control, REQUEST.size, 2)
        except OSError:
            return False
        if len(request) < REQUEST.size:
            return False
        action, number = REQUEST.unpack(request)
        if action == b"+":
            self._fork(number, files)
        else:
            self._kill(number)
        return True

    def _fork(self, number: int, files: list[int]) -> None:
        fork_server = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                self.control.close()
                _become_worker(files, fork_server, self.n_threads)
            finally:
                os._exit(1)
        for file in files:
            os.close(file)
        self.numbers[pid] = number
        self._send(worker=number, pid=pid)

    def _kill(self, number: int) -> None:
        for pid, known in self.numbers.items():
            if known == number:
                end_tree(pid)

    def _reap(self) -> None:
        """Report exited and stopped workers, and kill their orphaned descendants."""
        ended: dict[int, int] = {}
        with contextlib.suppress(ChildProcessError):
            while (change := os.waitpid(-1, _ANY_CHANGE))[0]:
                pid, status = change
                if os.WIFSTOPPED(status) or os.WIFCONTINUED(status):
                    self._report_stopped(pid, is_stopped=os.WIFSTOPPED(status))
                else:
                    ended[pid] = status
        for pid in iter_children(os.getpid()):
            if pid not in self.numbers:  # an orphan
                end_tree(pid)
        for pid, status in ended.items():
            number = self.numbers.pop(pid, None)
            if number is not None:
                self._send(worker=number, exit=os.waitstatus_to_exitcode(status))

    def _report_stopped(self, pid: int, *, is_stopped: bool) -> None:
        if pid in self.numbers:
            self._send(worker=self.numbers[pid], is_stopped=int(is_stopped))

    def _send(self, **event: int) -> None:
        with contextlib.suppress(OSError):  # the owner is gone: `run` notices it
            self.control.sendall(json.dumps(event).encode() + b"\n")


def _become_worker(files: list[int], fork_server: int, n_threads: int) -> None:
    """Turn a fresh fork into a worker that is killed with the fork server."""
    connection, output = files
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    adopt_orphans()  # counted against the worker's limit, and killed with it
    end_with_parent()
    if os.getppid() != fork_server:  # it exited before the line above
        return
    _prefer_for_oom_killer()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    faulthandler.enable()
    serve(Connection(connection), n_threads)
    os._exit(0)


def _prefer_for_oom_killer() -> None:
    """Make workers the first processes that the kernel's OOM killer kills."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")


def main(settings: Mapping[str, Any]) -> None:
    """Run a fork server with the owner's settings, below a guard."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # left to the owner
    guard(lambda: _serve(settings), socket.socket(fileno=settings["alarm"]))


def _serve(settings: Mapping[str, Any]) -> None:
    adopt_orphans()
    import_all(settings["names"], settings["files"])
    gc.collect()
    gc.freeze()  # keeps the workers' collections from copying shared pages
    control = socket.socket(fileno=settings["control"])
    changed = find_changed(settings["sources"], settings["since"])
    if changed:
        control.sendall(json.dumps({"changed": changed}).encode() + b"\n")
        return
    ForkServer(control, settings["n_threads"]).run()
