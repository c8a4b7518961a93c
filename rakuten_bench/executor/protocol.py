"""Interfaces of executors, and the types that they exchange with the engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from rakuten_bench.executor.task import Done, Task
from rakuten_bench.scenario import Scenario
from rakuten_bench.store.result import Store

Result = TypeVar("Result")


@dataclass(frozen=True)
class Request:
    """Settings of an executor.

    Attributes
    ----------
    scenarios : tuple of Scenario
        The workers import the modules of their options up front.
    n_workers, n_threads : int
        Steps run in parallel, and numeric threads of each.
    address : str
        Address of the scheduler; "" if none is given.
    """

    scenarios: tuple[Scenario, ...]
    n_workers: int
    n_threads: int = 1
    address: str = ""


class Backend(Protocol):
    """An executor before it is opened: the `BACKEND` of each folder of this package.

    Attributes
    ----------
    takes_address : bool
        Whether it can connect to a running scheduler (`--scheduler`).
    runs_here : bool
        Whether all steps run on this machine, with its packages and files.
    """

    takes_address: bool
    runs_here: bool

    def start(self, request: Request) -> StartingExecutor:
        """Begin to start the workers, and return immediately.

        Raises
        ------
        UserError
            If the executor can't be reached.
        """


class StartingExecutor(Protocol):
    """An executor whose workers start while the data are loaded."""

    def wait_for_worker(self) -> Iterator[str]:
        """Wait until a worker is available; yield a notice for each poll.

        Raises
        ------
        UserError
            If no worker joins in time.
        """

    def open(self, store: Store, wanted: Collection[str]) -> StepExecutor:
        """Return the executor, ready for steps.

        Parameters
        ----------
        store : Store
        wanted : collection of str
            Keys of the results that must be in the store at the end of the run.

        Raises
        ------
        UserError
            If a package is missing, or workers have other versions.
        """


class Call(Future[Result]):
    """The future of a call to a worker.

    Attributes
    ----------
    started : float
        Time when a worker started it, on the monotonic clock; infinity while queued.
    report : str
        The latest line that it logged; "" if none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.started = math.inf
        self.report = ""


class StepExecutor(Protocol):
    """An executor that is ready to run steps.

    Attributes
    ----------
    shares_store : bool
        Whether workers read and write the store of the run; otherwise each has its own
        store, and only predictions are sent back.
    """

    shares_store: bool

    @property
    def n_workers(self) -> int:
        """How many steps run at a time."""

    @property
    def notice(self) -> str:
        """Message on a condition that blocks steps; "" if there is none."""

    def submit(self, task: Task) -> Call[Done]:
        """Submit a task; it is queued until a worker is free.

        Raises
        ------
        LostResult
            If an input that has to be sent to the workers is not in the store.
        """

    def ask(self, function: Callable[..., Any], *args: object) -> Sequence[Any]:
        """Call a function in a worker of each machine; return the results."""

    def keep(self, keys: Collection[str]) -> None:
        """Release all results but those that are still needed."""

    def forget(self, key: str) -> None:
        """Drop the reference to a lost result."""

    def shutdown(self) -> None:
        """Cancel all running steps and release the workers."""

    def release(self) -> None:
        """Release the workers after all steps have finished."""
