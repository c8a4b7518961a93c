"""Executors that run steps in a pool of worker processes on this machine."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from rakuten_bench.executor.pool import WorkerPool
from rakuten_bench.executor.preload import Preload, iter_edited
from rakuten_bench.executor.protocol import Call
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.executor.work import work
from rakuten_bench.store.result import Store


class PoolExecutor:
    """Runs steps in a pool of worker processes.

    Parameters
    ----------
    pool : WorkerPool
    """

    def __init__(self, pool: WorkerPool) -> None:
        self.shares_store = True
        self._pool = pool

    @property
    def n_workers(self) -> int:
        """How many steps run at a time."""
        return self._pool.n_workers

    @property
    def notice(self) -> str:
        """Message on processes stopped by a signal (SIGSTOP); "" if none."""
        return self._pool.notice

    def submit(self, task: Task) -> Call[Done]:
        """Submit a task; it is queued until a worker is free."""
        return self._pool.submit_limited(task.limit, work, task)

    def ask(self, function: Callable[..., Any], *args: object) -> Sequence[Any]:
        """Call a function in a worker; return its result as a list of one."""
        return [self._pool.submit(function, *args).result()]

    def keep(self, keys: Collection[str]) -> None:
        """Do nothing: results are in the store."""

    def forget(self, key: str) -> None:
        """Do nothing: results are in the store."""

    def shutdown(self) -> None:
        """Kill all running calls and close the pool."""
        self._pool.shutdown()

    def release(self) -> None:
        """Do nothing: the pool is reused by the next run of this process."""


class StartingPool:
    """Worker processes that are starting.

    Parameters
    ----------
    kind : type of WorkerPool
    n_workers, n_threads : int
    preload : Preload
    """

    def __init__(
        self, kind: type[WorkerPool], n_workers: int, n_threads: int, preload: Preload
    ) -> None:
        self._request = kind, n_workers, n_threads, preload
        keep_pool(*self._request)

    def wait_for_worker(self) -> Iterator[str]:
        """Return immediately: calls are queued until the workers have started."""
        yield from ()

    def open(self, store: Store, wanted: Collection[str]) -> PoolExecutor:
        """Return the executor; workers started before a source change are replaced."""
        del store, wanted  # workers write to the store themselves
        return PoolExecutor(keep_pool(*self._request))


_Settings = tuple[type[WorkerPool], int, int, tuple[tuple[str, str], ...]]
_pools: dict[_Settings, WorkerPool] = {}


def keep_pool(
    kind: type[WorkerPool], n_workers: int, n_threads: int, preload: Preload
) -> WorkerPool:
    """Return a pool of worker processes, reused from an earlier run if possible.

    A second run in a notebook starts immediately, unless a source file was written
    since the pool was started: only new workers verify their source against the keys.
    """
    settings = (kind, n_workers, n_threads, preload.files)
    pool = _pools.get(settings)
    if pool is None or pool.is_closed or any(iter_edited(preload.sources, pool.since)):
        close_kept()
        pool = kind(n_workers, n_threads=n_threads, preload=preload)
        _pools[settings] = pool
    return pool


@atexit.register
def close_kept() -> None:
    """Shut down the pools kept for later runs."""
    while _pools:
        _pools.popitem()[1].shutdown()
