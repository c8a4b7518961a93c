"""A fork server as the pool that started it sees it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from typing import Any

import psutil

from rakuten_bench.executor.local.fork_server import REQUEST
from rakuten_bench.executor.local.guard import MARK, STOPPED, end_marked
from rakuten_bench.executor.preload import Preload
from rakuten_bench.executor.thread import thread_environment

_PROGRAM = """
import json, sys
words = json.loads(sys.argv[1])
sys.path[:] = words["path"]
from rakuten_bench.executor.local.fork_server import main
main(words)
"""
_LONGEST_END = 10.0  # seconds for all processes to end


class ServerProcess:
    """A fork server below its guard, started anew.

    Parameters
    ----------
    n_threads : int
        Numeric threads of each worker.
    preload : Preload
        Modules that it imports before it forks.

    Attributes
    ----------
    control : socket
        Where requests go to and news come from; see `fork_server.ForkServer`.
    alarm : socket
        Where the guard reports that a signal has stopped or continued the fork server.
    is_stopped : bool
        Whether a signal has stopped it.
    """

    def __init__(self, n_threads: int, preload: Preload) -> None:
        self.control, theirs = socket.socketpair()
        self.alarm, rung = socket.socketpair()
        self.is_stopped = False
        self._is_alarm_open = True
        self._unfinished_line = b""
        self._mark = uuid.uuid4().hex
        words = {
            "control": theirs.fileno(),
            "alarm": rung.fileno(),
            "n_threads": n_threads,
            "names": preload.names,
            "files": preload.files,
            "path": sys.path,
            "sources": preload.sources,
            "since": psutil.Process().create_time(),
        }
        self._guard = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps(words)],
            pass_fds=[theirs.fileno(), rung.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # one thread while nothing runs; the order of a set must not differ by run
            env={
                **os.environ,
                **thread_environment(1),
                "PYTHONHASHSEED": "0",
                MARK: self._mark,
            },
            start_new_session=True,
        )
        theirs.close()
        rung.close()

    @property
    def sockets(self) -> list[socket.socket]:
        """The sockets to wait on."""
        return [self.control, self.alarm] if self._is_alarm_open else [self.control]

    @property
    def returncode(self) -> int | None:
        """Exit code of the guard: 0 unless it was killed, None before `close`."""
        return self._guard.returncode

    def start_worker(self, number: int, files: list[int]) -> None:
        """Request a worker with a connection and a file for its output."""
        with contextlib.suppress(OSError):  # it is dead: `read_news` finds out
            socket.send_fds(self.control, [REQUEST.pack(b"+", number)], files)

    def end_worker(self, number: int) -> None:
        """Request the end of a worker and of all processes that it started."""
        with contextlib.suppress(OSError):
            self.control.sendall(REQUEST.pack(b"-", number))

    def read_news(self) -> list[dict[str, Any]] | None:
        """Return what has happened to workers; None if the fork server is dead."""
        try:
            received = self.control.recv(65536)
        except OSError:
            received = b""
        if not received:
            return None
        *lines, self._unfinished_line = (self._unfinished_line + received).split(b"\n")
        return [json.loads(line) for line in lines]

    def read_alarm(self) -> None:
        """Read from the guard whether the fork server is stopped."""
        with contextlib.suppress(OSError):
            received = self.alarm.recv(4096)
            self._is_alarm_open = bool(received)
            self.is_stopped = received.endswith(STOPPED)

    def close(self) -> None:
        """End the fork server and all workers, also if it was killed or stopped."""
        self.control.close()  # the fork server ends all workers and itself
        self.alarm.close()
        with contextlib.suppress(ProcessLookupError):
            self._guard.send_signal(signal.SIGCONT)  # it may have been stopped
        try:
            self._guard.wait(timeout=_LONGEST_END)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        if self._guard.returncode:
            end_marked(self._mark)
