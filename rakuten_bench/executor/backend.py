"""Backends that start worker processes on this machine."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rakuten_bench.executor import DEFAULT
from rakuten_bench.executor.protocol import Request, StartingExecutor

if TYPE_CHECKING:
    from rakuten_bench.executor.pool import WorkerPool


@dataclass(frozen=True)
class PoolBackend:
    """Starts a pool of worker processes.

    Attributes
    ----------
    find_pool : callable
        Imports and returns the class of the pool.
    """

    find_pool: Callable[[], type[WorkerPool]]
    takes_address: bool = False
    runs_here: bool = True

    def start(self, request: Request) -> StartingExecutor:
        """Start the workers, in parallel with the loading of the data."""
        from rakuten_bench.executor.pooled import StartingPool
        from rakuten_bench.executor.preload import find_preload

        preload = find_preload(request.scenarios)
        kind = self.find_pool()
        return StartingPool(kind, request.n_workers, request.n_threads, preload)


def find_default_pool() -> type[WorkerPool]:
    """Return the class of the default executor's pool."""
    backend: PoolBackend = importlib.import_module(f"{__package__}.{DEFAULT}").BACKEND
    return backend.find_pool()
