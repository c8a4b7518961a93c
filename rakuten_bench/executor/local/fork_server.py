"""The process that makes the workers, and ends them with everything that they started.

It is a fresh interpreter, never forked from ours, which has threads; it imports once
what the workers need and forks them, so that a worker is there in milliseconds. It
ends, and all workers with it, when the connection to its owner closes, however the
owner ended. On Linux whatever a worker started stays below that worker in the tree of
processes, also what has left its session, and comes to the fork server when the worker
ends; should the fork server be killed itself, its guard ends them all.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import json
import os
import signal
import socket
import struct
from collections.abc import Iterable, Mapping
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
from rakuten_bench.executor.local.memory import iter_children
from rakuten_bench.executor.local.worker import serve
from rakuten_bench.executor.preload import find_changed, load_file
from rakuten_bench.registry import discover

#: A request: what to do ("+" make, "-" end) and the number of the worker. With "+" come
#: two file descriptors: the worker's connection, and the file for what it prints.
REQUEST = struct.Struct("!cI")

_ANY_CHANGE = os.WNOHANG | os.WUNTRACED | os.WCONTINUED


class ForkServer:
    """Makes and ends workers as it is asked to.

    Parameters
    ----------
    control : socket
        Where requests come from and news go to: lines of JSON, ``{"worker": 3, "pid":
        41}`` when a worker starts, ``{"worker": 3, "exit": -11}`` when it has ended,
        ``{"worker": 3, "is_stopped": 1}`` when a signal has stopped it and 0 when one
        has continued it.
    n_threads : int
        Numeric threads of each worker.
    """

    def __init__(self, control: socket.socket, n_threads: int) -> None:
        self.control = control
        self.n_threads = n_threads
        self.numbers: dict[int, int] = {}
        self.is_over = False

    def run(self) -> None:
        """Answer requests until the owner or the guard is gone; then end all workers."""
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
        signal.set_wakeup_fd(-1)  # its socket ends with this function
        end_descendants()

    def _end_soon(self) -> None:
        self.is_over = True

    def _answer(self) -> bool:
        """Do what one request asks for; tell whether there was one."""
        try:
            request, files, _, _ = socket.recv_fds(self.control, REQUEST.size, 2)
        except OSError:
            return False
        if len(request) < REQUEST.size:
            return False
        what, number = REQUEST.unpack(request)
        if what == b"+":
            self._make(number, files)
        else:
            self._end(number)
        return True

    def _make(self, number: int, files: list[int]) -> None:
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
        self._say(worker=number, pid=pid)

    def _end(self, number: int) -> None:
        for pid, known in self.numbers.items():
            if known == number:
                end_tree(pid)

    def _reap(self) -> None:
        """Take note of ended workers and stopped ones, and end what they left behind."""
        ended: dict[int, int] = {}
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, _ANY_CHANGE))[0]:
                pid, status = found
                if os.WIFSTOPPED(status) or os.WIFCONTINUED(status):
                    self._say_stopped(pid, is_stopped=os.WIFSTOPPED(status))
                else:
                    ended[pid] = status
        for pid in iter_children(os.getpid()):
            if pid not in self.numbers:  # its own parent has ended
                end_tree(pid)
        for pid, status in ended.items():
            number = self.numbers.pop(pid, None)
            if number is not None:
                self._say(worker=number, exit=os.waitstatus_to_exitcode(status))

    def _say_stopped(self, pid: int, *, is_stopped: bool) -> None:
        if pid in self.numbers:
            self._say(worker=self.numbers[pid], is_stopped=int(is_stopped))

    def _say(self, **news: int) -> None:
        with contextlib.suppress(OSError):  # the owner is gone: the loop finds out
            self.control.sendall(json.dumps(news).encode() + b"\n")


def _become_worker(files: list[int], fork_server: int, n_threads: int) -> None:
    """Turn a fresh fork into a worker that ends with the fork server."""
    connection, output = files
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    adopt_orphans()  # they count as its own, and end with it
    end_with_parent()
    if os.getppid() != fork_server:  # it ended before the line above
        return
    _offer_to_the_kernel()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    faulthandler.enable()
    serve(Connection(connection), n_threads)
    os._exit(0)


def _offer_to_the_kernel() -> None:
    """Let a machine out of memory end workers before the one who started them."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")


def preload(names: Iterable[str], files: Iterable[tuple[str, str]]) -> None:
    """Import what steps are going to; what fails here fails there with its reason."""
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    discover()
    for name, path in files:
        with contextlib.suppress(Exception):
            load_file(name, path)
    gc.collect()
    gc.freeze()  # workers need not look through all of it again


def main(words: Mapping[str, Any]) -> None:
    """Run a fork server as its owner describes it, below a guard."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides
    guard(lambda: _serve(words), socket.socket(fileno=words["alarm"]))


def _serve(words: Mapping[str, Any]) -> None:
    adopt_orphans()
    preload(words["names"], words["files"])
    control = socket.socket(fileno=words["control"])
    changed = find_changed(words["sources"], words["since"])
    if changed:
        control.sendall(json.dumps({"changed": changed}).encode() + b"\n")
        return
    ForkServer(control, words["n_threads"]).run()
