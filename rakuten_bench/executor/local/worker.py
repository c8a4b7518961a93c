"""The loop of a worker process: take a call, run it, answer."""

from __future__ import annotations

import contextlib
import gc
import logging
import pickle
from collections.abc import Callable
from contextvars import ContextVar
from multiprocessing.connection import Connection

from rakuten_bench.executor.thread import limit_threads

#: Says that a call has computed its result and only writes it by now.
STORING = b""

#: Begins what a call tells of how far it is, in UTF-8; no answer begins so.
TOLD = b"\x00"

_on_storing: ContextVar[Callable[[], None]] = ContextVar("_on_storing")


def tell_storing() -> None:
    """Let the next call start elsewhere while this one writes its result."""
    tell = _on_storing.get(None)
    if tell:
        tell()


class _Teller(logging.Handler):
    """Passes on what is logged, so that whoever waits sees how far a long step is."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def emit(self, record: logging.LogRecord) -> None:
        """Send a line; nobody may be there to read it any more."""
        with contextlib.suppress(OSError):
            self._connection.send_bytes(TOLD + record.getMessage().encode())


def serve(connection: Connection, n_threads: int) -> None:
    """Answer calls until the other side closes.

    A call is a pickled (function, positional, keyword) triple; an answer is a pickled
    (succeeded, result or exception). `STORING` may come before an answer, and what the
    call logs: `TOLD` and the text.
    """
    limit_threads(n_threads)
    log = logging.getLogger("rakuten_bench")
    log.setLevel(logging.INFO)
    log.addHandler(_Teller(connection))
    _on_storing.set(lambda: connection.send_bytes(STORING))
    while True:
        try:
            call = connection.recv_bytes()
        except EOFError:
            return
        connection.send_bytes(_answer(call))
        gc.collect()  # the next step's peak memory is to be its own


def _answer(call: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(call)
        return _pack(True, function(*args, **kwargs))
    except Exception as error:  # the one who called is to see it, whatever it is
        return _pack_error(error)


def _pack(succeeded: bool, value: object) -> bytes:
    return pickle.dumps((succeeded, value), protocol=pickle.HIGHEST_PROTOCOL)


def _pack_error(error: Exception) -> bytes:
    try:
        packed = _pack(False, error)
        pickle.loads(packed)  # some exceptions pickle but can't be made again
    except Exception:
        return _pack(False, RuntimeError(f"{type(error).__name__}: {error}"))
    return packed
