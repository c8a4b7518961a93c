"""Starts workers as new interpreters, and kills them with their descendants."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from typing import IO, Any

import psutil

from rakuten_bench.executor.mark import Marked, end_marked, environment_with
from rakuten_bench.executor.preload import Preload
from rakuten_bench.executor.worker import CHANGED, READY

_PROGRAM = """
import json, sys
from multiprocessing import connection
Connection = getattr(connection, "PipeConnection", connection.Connection)
owner = Connection(int(sys.argv.pop()))
owner.send_bytes(b"+")
settings = json.loads(owner.recv_bytes())
sys.path[:] = settings["path"]
from rakuten_bench.executor.portable.worker import main
main(owner, settings)
"""
_RUNNING = b"+"  # first message of the program: it can read its settings
_EXIT_TIMEOUT = 10.0  # seconds for a killed process to exit


@dataclass(eq=False)
class _Child:
    """A worker process, the connection to it, and its mark.

    Attributes
    ----------
    is_ready : bool
        Whether it has imported its modules.
    is_ended : bool
        Whether it was killed, or its remains were.
    """

    process: subprocess.Popen[bytes]
    connection: Connection
    mark: str
    marked: Marked
    is_ready: bool = False
    is_ended: bool = False

    def end(self) -> None:
        """Kill the process and its descendants, also those that it left behind."""
        if self.is_ended:
            return
        self.is_ended = True
        for member in self._find_tree():
            with contextlib.suppress(psutil.Error):
                member.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_EXIT_TIMEOUT)
        end_marked(self.mark)
        if self.process.stdin:
            self.process.stdin.close()

    def _find_tree(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.process.pid)
            return [process, *process.children(recursive=True)]
        return []


class Starter:
    """Starts, watches and kills the workers of a pool.

    A worker exits when its standard input is closed, also if its owner was killed.

    Parameters
    ----------
    n_threads : int
        Numeric threads of each worker.
    preload : Preload
        Modules that each worker imports.

    Attributes
    ----------
    is_stopped : bool
        Always False: it is a part of this process.
    poll_interval : float
        Seconds between two checks for workers that have exited.
    """

    is_stopped = False
    poll_interval: float | None = 0.1

    def __init__(self, n_threads: int, preload: Preload) -> None:
        self._mark = uuid.uuid4().hex
        self._children: dict[int, _Child] = {}
        settings = preload.to_settings() | {"mark": self._mark, "n_threads": n_threads}
        self._settings = json.dumps(settings).encode()

    @property
    def sockets(self) -> list[Connection]:
        """The connections to workers that are starting."""
        return [c.connection for c in self._children.values() if not c.is_ready]

    def start_worker(self, number: int) -> tuple[Connection, IO[bytes]]:
        """Start a worker; return the connection to it and the file of its output."""
        connection, theirs = Pipe()
        output = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker
        mark = f"{self._mark}-{number}."
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=environment_with(mark),
            **_passing(theirs),
        )
        theirs.close()
        self._children[number] = _Child(process, connection, mark, Marked(mark))
        return connection, output

    def end_worker(self, number: int) -> None:
        """Kill a worker and its descendants."""
        if number in self._children:
            self._children[number].end()

    def find_detached(self, number: int) -> Iterable[int]:
        """Return all processes that have inherited the worker's environment."""
        return self._children[number].marked.find() if number in self._children else ()

    def read_events(self, ready: Container[Any]) -> list[dict[str, Any]]:
        """Return which workers are ready, and which have exited."""
        return [*self._iter_started(ready), *self._iter_exited()]

    def _iter_started(self, ready: Container[Any]) -> Iterator[dict[str, Any]]:
        for number, child in self._children.items():
            if not child.is_ready and child.connection in ready:
                yield from self._read(number, child)

    def _read(self, number: int, child: _Child) -> Iterator[dict[str, Any]]:
        """Read a message of a worker that is starting."""
        try:
            message = child.connection.recv_bytes()
        except (EOFError, OSError):
            child.is_ready = True  # it died: there is nothing to wait for
            return
        if message == _RUNNING:
            with contextlib.suppress(OSError):  # a long message blocks until it is read
                child.connection.send_bytes(self._settings)
            return
        child.is_ready = True
        if message.startswith(CHANGED):
            yield {"changed": message[len(CHANGED) :].decode()}
        else:
            yield {"worker": number, "pid": int(message[len(READY) :])}

    def _iter_exited(self) -> Iterator[dict[str, Any]]:
        for number, child in list(self._children.items()):
            code = child.process.poll()
            if code is not None:
                del self._children[number]
                child.end()
                yield {"worker": number, "exit": code}

    def close(self) -> None:
        """Kill all workers and their descendants."""
        while self._children:
            self._children.popitem()[1].end()


def _passing(connection: Connection) -> dict[str, Any]:
    """Return arguments of `Popen`: pass a connection, and no keys of the terminal."""
    handle = connection.fileno()
    if sys.platform == "win32":
        os.set_handle_inheritable(handle, True)
        startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"startupinfo": startup, "creationflags": flags}
    return {"pass_fds": [handle], "start_new_session": True}
