"""Steps in worker processes of this machine."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from rakuten_bench.executor.local.pool import LocalPool
from rakuten_bench.executor.local.work import work
from rakuten_bench.executor.preload import Preload, iter_edited
from rakuten_bench.executor.protocol import Call
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.store.result import Store


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
    def notice(self) -> str:
        """Which processes a signal has stopped: those that end are started again."""
        return self._pool.notice

    def submit(self, task: Task) -> Call[Done]:
        """Start a task, or queue it."""
        return self._pool.submit_limited(task.limit, work, task)

    def ask(self, function: Callable[..., Any], *args: object) -> Sequence[Any]:
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


class StartingPool:
    """Worker processes that are starting.

    Parameters
    ----------
    n_workers, n_threads : int
    preload : Preload
    """

    def __init__(self, n_workers: int, n_threads: int, preload: Preload) -> None:
        self._request = n_workers, n_threads, preload
        keep_pool(*self._request)

    def wait_for_worker(self) -> Iterator[str]:
        """Wait for nothing: calls are queued until the workers are there."""
        yield from ()

    def open(self, store: Store, wanted: Collection[str]) -> LocalExecutor:
        """Return the workers; new ones where source was written since they started."""
        del store, wanted  # workers write to the store themselves
        return LocalExecutor(keep_pool(*self._request))


_kept: dict[tuple[int, int, tuple[tuple[str, str], ...]], LocalPool] = {}


def keep_pool(n_workers: int, n_threads: int, preload: Preload) -> LocalPool:
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
    return pool


@atexit.register
def close_kept() -> None:
    """End the workers that were kept for a next run."""
    while _kept:
        _kept.popitem()[1].shutdown()
