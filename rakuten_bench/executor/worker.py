"""Main loop of a worker process: receive a call, run it, send the answer."""

from __future__ import annotations

import contextlib
import gc
import logging
import pickle
from collections.abc import Callable
from contextvars import ContextVar
from multiprocessing.connection import Connection

from rakuten_bench.executor.thread import limit_threads

#: Message: the call has computed its result and is only writing it.
STORING = b""

#: Prefixes of the first message of a worker that is started as a new interpreter: its
#: process id, or a module whose source has changed.
READY, CHANGED = b"\x01", b"\x02"

#: Prefix of a line logged by the call, in UTF-8; no answer begins with it.
LOGGED = b"\x00"

_on_storing: ContextVar[Callable[[], None]] = ContextVar("_on_storing")


def report_storing() -> None:
    """Report that only writing is left, so that the next call can start in parallel."""
    report = _on_storing.get(None)
    if report:
        report()


class _LogForwarder(logging.Handler):
    """Sends log lines to the pool, which displays the progress of long steps."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def emit(self, record: logging.LogRecord) -> None:
        """Send a line."""
        with contextlib.suppress(OSError):  # the pool is gone
            line = record.getMessage().encode(errors="backslashreplace")
            self._connection.send_bytes(LOGGED + line)


def serve(connection: Connection, n_threads: int) -> None:
    """Serve calls until the connection is closed.

    A call is a pickled (function, args, kwargs) triple; an answer is a pickled
    (succeeded, result or exception) pair. `STORING`, and lines logged by the call with
    the prefix `LOGGED`, can precede an answer.
    """
    limit_threads(n_threads)
    log = logging.getLogger("rakuten_bench")
    log.setLevel(logging.INFO)
    log.addHandler(_LogForwarder(connection))
    _on_storing.set(lambda: connection.send_bytes(STORING))
    while True:
        try:
            call = connection.recv_bytes()
        except EOFError:
            return
        connection.send_bytes(_answer(call))
        gc.collect()  # or garbage would count in the next step's peak memory


def _answer(call: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(call)
        return _pack(True, function(*args, **kwargs))
    except Exception as error:  # any error is raised by the caller's future
        return _pack_error(error)


def _pack(succeeded: bool, value: object) -> bytes:
    return pickle.dumps((succeeded, value), protocol=pickle.HIGHEST_PROTOCOL)


def _pack_error(error: Exception) -> bytes:
    try:
        packed = _pack(False, error)
        pickle.loads(packed)  # some exceptions pickle but do not unpickle
    except Exception:
        return _pack(False, RuntimeError(f"{type(error).__name__}: {error}"))
    return packed
