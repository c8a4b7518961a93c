"""Process pool whose workers are forked."""

from __future__ import annotations

from rakuten_bench.executor.local.server_process import ServerProcess
from rakuten_bench.executor.pool import WorkerPool
from rakuten_bench.executor.preload import Preload
from rakuten_bench.executor.server import WorkerServer


class LocalPool(WorkerPool):
    """Runs calls in processes that a fork server forks in milliseconds."""

    def _open_server(self, n_threads: int, preload: Preload) -> WorkerServer:
        return ServerProcess(n_threads, preload)
