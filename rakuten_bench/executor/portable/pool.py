"""Process pool whose workers are new interpreters."""

from __future__ import annotations

import sys

from rakuten_bench.executor.pool import WorkerPool
from rakuten_bench.executor.portable.starter import Starter
from rakuten_bench.executor.preload import Preload
from rakuten_bench.executor.server import WorkerServer

#: Windows waits for at most 63 objects at a time.
_MAX_WORKERS = 60 if sys.platform == "win32" else sys.maxsize


class PortablePool(WorkerPool):
    """Runs calls in new interpreters, which start in seconds on every system."""

    def __init__(
        self,
        n_workers: int,
        *,
        n_threads: int = 1,
        preload: Preload = Preload(),  # noqa: B008  immutable
    ) -> None:
        n_workers = min(n_workers, _MAX_WORKERS)
        super().__init__(n_workers, n_threads=n_threads, preload=preload)

    def _open_server(self, n_threads: int, preload: Preload) -> WorkerServer:
        return Starter(n_threads, preload)
