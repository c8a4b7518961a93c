"""Process pool whose workers are new interpreters."""

from __future__ import annotations

import sys

from rakuten_bench.executor.pool import WorkerPool
from rakuten_bench.executor.portable.starter import Starter
from rakuten_bench.executor.preload import Preload
from rakuten_bench.executor.server import WorkerServer


class PortablePool(WorkerPool):
    """Runs calls in new interpreters, which start in seconds on every system."""

    #: Windows waits for at most 63 objects at a time.
    max_workers = 60 if sys.platform == "win32" else WorkerPool.max_workers

    def _open_server(self, n_threads: int, preload: Preload) -> WorkerServer:
        return Starter(n_threads, preload)
