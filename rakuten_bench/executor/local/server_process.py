"""The pool's side of a fork server: its process, connections and state."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Container, Iterable
from multiprocessing.connection import Connection, Pipe
from typing import IO, Any

from rakuten_bench.executor.local.fork_server import REQUEST
from rakuten_bench.executor.local.guard import STOPPED
from rakuten_bench.executor.mark import end_marked, environment_with
from rakuten_bench.executor.preload import Preload

_PROGRAM = """
import json, sys
settings = json.loads(sys.argv[1])
sys.path[:] = settings["path"]
from rakuten_bench.executor.local.fork_server import main
main(settings)
"""
_EXIT_TIMEOUT = 10.0  # seconds for all processes to exit


class ServerProcess:
    """A newly started fork server below its guard.

    Parameters
    ----------
    n_threads : int
        Numeric threads of each worker.
    preload : Preload
        Modules to import before forking.

    Attributes
    ----------
    control : socket
        Sends requests and receives events; see `fork_server.ForkServer`.
    alarm : socket
        Receives the guard's reports that the fork server was stopped or continued.
    is_stopped : bool
        Whether a signal has stopped it.
    poll_interval : None
        Its sockets signal every event.
    """

    poll_interval: float | None = None

    def __init__(self, n_threads: int, preload: Preload) -> None:
        self.control, control = socket.socketpair()
        self.alarm, alarm = socket.socketpair()
        self.is_stopped = False
        self._is_alarm_open = True
        self._unfinished_line = b""
        self._mark = uuid.uuid4().hex
        settings = preload.to_settings() | {
            "control": control.fileno(),
            "alarm": alarm.fileno(),
            "n_threads": n_threads,
        }
        self._guard = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps(settings)],
            pass_fds=[control.fileno(), alarm.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment_with(self._mark),
            start_new_session=True,
        )
        control.close()
        alarm.close()

    @property
    def sockets(self) -> list[socket.socket]:
        """The sockets to wait on."""
        return [self.control, self.alarm] if self._is_alarm_open else [self.control]

    @property
    def returncode(self) -> int | None:
        """Exit code of the guard: 0 unless it was killed, None before `close`."""
        return self._guard.returncode

    def start_worker(self, number: int) -> tuple[Connection, IO[bytes]]:
        """Request a worker; return the connection to it and the file of its output."""
        connection, theirs = Pipe()
        output = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker
        files = [theirs.fileno(), output.fileno()]
        with contextlib.suppress(OSError):  # it is dead: `read_events` returns None
            socket.send_fds(self.control, [REQUEST.pack(b"+", number)], files)
        theirs.close()
        return connection, output

    def end_worker(self, number: int) -> None:
        """Request to kill a worker and its descendants."""
        with contextlib.suppress(OSError):
            self.control.sendall(REQUEST.pack(b"-", number))

    def find_detached(self, number: int) -> Iterable[int]:
        """Return nothing: orphans stay below their worker, which adopts them."""
        del number
        return ()

    def read_events(self, ready: Container[Any]) -> list[dict[str, Any]] | None:
        """Return new events of workers; None if the fork server is dead."""
        if self.alarm in ready:
            self._read_alarm()
        return self._read_control() if self.control in ready else []

    def _read_control(self) -> list[dict[str, Any]] | None:
        try:
            received = self.control.recv(65536)
        except OSError:
            received = b""
        if not received:
            return None
        *lines, self._unfinished_line = (self._unfinished_line + received).split(b"\n")
        return [json.loads(line) for line in lines]

    def _read_alarm(self) -> None:
        """Update `is_stopped` from the guard's messages."""
        with contextlib.suppress(OSError):
            received = self.alarm.recv(4096)
            self._is_alarm_open = bool(received)
            self.is_stopped = received.endswith(STOPPED)

    def close(self) -> None:
        """Kill the fork server and all workers, also if it was killed or stopped."""
        self.control.close()  # makes the fork server kill all workers and exit
        self.alarm.close()
        with contextlib.suppress(ProcessLookupError):
            self._guard.send_signal(signal.SIGCONT)  # it may have been stopped
        try:
            self._guard.wait(timeout=_EXIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        if self._guard.returncode:
            end_marked(self._mark)
