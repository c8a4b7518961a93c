"""What an executor has to offer, and what it is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from rakuten_bench.executor.fault import BrokenPool, Fault
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.plan import Step
from rakuten_bench.scenario import Scenario
from rakuten_bench.store.result import Store

Result = TypeVar("Result")


@dataclass(frozen=True)
class Request:
    """What an executor is opened for.

    Attributes
    ----------
    scenarios : tuple of Scenario
        Their options are imported in the workers beforehand.
    n_workers, n_threads : int
        Steps at a time, and numeric threads of each.
    address : str
        Of the scheduler; "" where none is named.
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
        Whether it can use a scheduler that is running already (`--scheduler`).
    runs_here : bool
        Whether all steps run on this machine, with its packages and files.
    """

    takes_address: bool
    runs_here: bool

    def start(self, request: Request) -> StartingExecutor:
        """Start what needs no data, and return at once.

        Raises
        ------
        UserError
            If the executor can't be reached.
        """


class StartingExecutor(Protocol):
    """An executor whose workers are starting while the data are being loaded."""

    def wait_for_worker(self) -> Iterator[str]:
        """Wait until there is a worker; yield what is waited for meanwhile.

        Raises
        ------
        UserError
            If none comes.
        """

    def open(self, store: Store, wanted: Collection[str]) -> StepExecutor:
        """Return the executor, ready for steps.

        Parameters
        ----------
        store : Store
        wanted : collection of str
            Keys of the results that must be in the store in the end.

        Raises
        ------
        UserError
            If a package is missing, or workers don't fit.
        """


class Call(Future[Result]):
    """The future of a call to a worker.

    Attributes
    ----------
    started : float
        When a worker took it, on the monotonic clock; infinity while it is queued.
    report : str
        The latest line that it logged; "" while there is none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.started = math.inf
        self.report = ""


class StepExecutor(Protocol):
    """What the schedule hands its steps to.

    Attributes
    ----------
    shares_store : bool
        Whether workers read and write our store; otherwise they have their own, and
        only predictions come home.
    """

    shares_store: bool

    @property
    def n_workers(self) -> int:
        """How many steps run at a time."""

    @property
    def notice(self) -> str:
        """What keeps all steps from running, in words; "" while nothing does."""

    def submit(self, task: Task) -> Call[Done]:
        """Start a task, or queue it.

        Raises
        ------
        LostResult
            If an input that has to be sent to the workers is not in the store.
        """

    def ask(self, function: Callable[..., Any], *args: object) -> Sequence[Any]:
        """Return what a function gives in a worker of each machine."""

    def keep(self, keys: Collection[str]) -> None:
        """Learn which results are still needed."""

    def forget(self, key: str) -> None:
        """Learn that a result was lost."""

    def shutdown(self) -> None:
        """End everything that runs."""

    def release(self) -> None:
        """Be done: nothing runs any more."""


def outcome(call: Call[Done], step: Step) -> Done:
    """Return the result of a task; where its process has died, the fault."""
    try:
        return call.result()
    except BrokenPool as error:
        return Done(step.key, halt=str(error))
    except Exception as error:  # a crash, a limit: a typed row on the board
        return Done(step.key, fault=Fault.of(error, step))
