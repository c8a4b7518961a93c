"""Where steps run: whatever takes a task and promises what becomes of it."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from types import ModuleType
from typing import Any, Protocol

from rakuten_bench.engine.pool import BrokenPool, LocalPool
from rakuten_bench.engine.preload import Preload, find_preload, iter_edited
from rakuten_bench.engine.prepare import Prepared
from rakuten_bench.engine.setting import Settings
from rakuten_bench.engine.task import Done, Fault, Task
from rakuten_bench.engine.work import work
from rakuten_bench.errors import MissingPackage
from rakuten_bench.plan import Step
from rakuten_bench.scenario.load import Study


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
    def waiting(self) -> str:
        """What keeps all steps from running, in words; "" while nothing does."""

    def submit(self, task: Task) -> Future[Done]:
        """Start a task, or queue it."""

    def ask(self, function: Callable[..., Any], *args: Any) -> Sequence[Any]:
        """Return what a function gives in a worker of each machine."""

    def keep(self, keys: Collection[str]) -> None:
        """Learn which results are still needed."""

    def forget(self, key: str) -> None:
        """Learn that a result was lost."""

    def shutdown(self) -> None:
        """End everything that runs."""

    def release(self) -> None:
        """Be done: nothing runs any more."""


def outcome(future: Future[Done], step: Step) -> Done:
    """Return what became of a task, also where its process is gone."""
    try:
        return future.result()
    except BrokenPool as error:
        return Done(step.key, halt=str(error))
    except Exception as error:  # a crash, a limit: a typed row on the board
        return Done(step.key, fault=Fault.of(error, step))


class LocalExecutor:
    """Worker processes of this machine.

    Parameters
    ----------
    pool : LocalPool
    """

    def __init__(self, pool: LocalPool) -> None:
        self.shares_store = True
        self._pool = pool

    @property
    def n_workers(self) -> int:
        """How many steps run at a time."""
        return self._pool.n_workers

    @property
    def waiting(self) -> str:
        """Which processes a signal has stopped: those that end are started again."""
        return self._pool.waiting

    def submit(self, task: Task) -> Future[Done]:
        """Start a task, or queue it."""
        return self._pool.submit_limited(task.limit, work, task)

    def ask(self, function: Callable[..., Any], *args: Any) -> Sequence[Any]:
        """Return what a function gives in a worker."""
        return [self._pool.submit(function, *args).result()]

    def keep(self, keys: Collection[str]) -> None:
        """Keep nothing: results are in the store."""

    def forget(self, key: str) -> None:
        """Forget nothing: results are in the store."""

    def shutdown(self) -> None:
        """End everything that runs."""
        self._pool.shutdown()

    def release(self) -> None:
        """Leave the workers to the next run of this process."""


def open_executor(settings: Settings, prepared: Prepared) -> StepExecutor:
    """Return the executor that the settings name.

    Raises
    ------
    UserError
        If Dask is asked for and not installed, or there is no such cluster.
    """
    if settings.executor == "dask":
        return _open_dask(settings, prepared)
    return _open_local(prepared.study, settings)


def wait_for_worker(settings: Settings) -> Iterator[str]:
    """Wait until there is a worker; yield what is waited for meanwhile.

    Raises
    ------
    UserError
        If no scheduler answers, or no worker comes.
    """
    if settings.scheduler:
        yield from _import_cluster().wait_for_worker(settings.scheduler)


def _open_dask(settings: Settings, prepared: Prepared) -> StepExecutor:
    executor: StepExecutor = _import_cluster().open_dask(settings, prepared)
    return executor


def _import_cluster() -> ModuleType:
    try:
        from rakuten_bench.engine import cluster
    except ModuleNotFoundError as error:
        message = (
            "--executor dask needs the package 'distributed', which is not installed. "
            'Run: pip install "rakuten-bench[dask]"'
        )
        raise MissingPackage(message) from error
    return cluster


def warm_up(study: Study, settings: Settings) -> None:
    """Start the workers of a run while its data are still being loaded.

    Nothing is started where every scenario has a record somewhere: most likely there
    is nothing to do. Of Dask only the address is checked.

    Raises
    ------
    UserError
        If no scheduler answers.
    """
    if settings.executor == "dask":
        if settings.scheduler:
            _import_cluster().check_scheduler(settings.scheduler)
        return
    done = {folder.name for folder in settings.results.glob("*/*")}
    again = set(settings.rerun) - {"missing"}
    if again or any(scenario.code not in done for scenario in study.scenarios):
        _open_local(study, settings)


def _open_local(study: Study, settings: Settings) -> LocalExecutor:
    preload = find_preload(study.scenarios)
    return open_local(settings.n_workers, settings.threads, preload)


_kept: dict[tuple[int, int, tuple[tuple[str, str], ...]], LocalPool] = {}


def open_local(n_workers: int, n_threads: int, preload: Preload) -> LocalExecutor:
    """Return worker processes: those of an earlier run of this process, if they fit.

    A second run in a notebook starts at once, unless source was written since they were
    made: only new workers see whether they import what results are named by.
    """
    fit = (n_workers, n_threads, preload.files)
    pool = _kept.get(fit)
    if pool is None or pool.is_closed or any(iter_edited(preload.sources, pool.since)):
        close_kept()
        pool = LocalPool(n_workers, n_threads=n_threads, preload=preload)
        _kept[fit] = pool
    return LocalExecutor(pool)


@atexit.register
def close_kept() -> None:
    """End the workers that were kept for a next run."""
    while _kept:
        _kept.popitem()[1].shutdown()
