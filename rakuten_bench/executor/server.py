"""Interface between a pool and what starts and kills its workers."""

from __future__ import annotations

from collections.abc import Container, Iterable
from multiprocessing.connection import Connection
from typing import IO, Any, Protocol


class WorkerServer(Protocol):
    """Starts and kills the worker processes of a pool.

    Attributes
    ----------
    is_stopped : bool
        Whether a signal has stopped it: no worker starts.
    poll_interval : float or None
        Seconds between two calls of `read_events`; None to call it only when one of the
        sockets is ready.
    """

    is_stopped: bool
    poll_interval: float | None

    @property
    def sockets(self) -> list[Any]:
        """The sockets and connections to wait on."""

    def start_worker(self, number: int) -> tuple[Connection, IO[bytes]]:
        """Start a worker; return the connection to it and the file of its output."""

    def end_worker(self, number: int) -> None:
        """Kill a worker and its descendants."""

    def find_detached(self, number: int) -> Iterable[int]:
        """Return the descendants of a worker that are no longer below it."""

    def read_events(self, ready: Container[Any]) -> list[dict[str, Any]] | None:
        """Return what has happened; None if no worker can be started any more.

        Parameters
        ----------
        ready : container
            The sockets that are ready.

        Returns
        -------
        list of dict
            ``{"worker": 3, "pid": 41}`` when a worker is ready for calls, ``{"worker":
            3, "exit": -11}`` when it exits, ``{"worker": 3, "is_stopped": 1}`` when a
            signal stops it and 0 when it is continued, ``{"changed": module}`` if the
            source of a module has changed since its digest was taken.
        """

    def close(self) -> None:
        """Kill all workers and their descendants."""
