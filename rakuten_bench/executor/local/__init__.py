"""Local worker processes, each of which can be stopped individually."""

from __future__ import annotations

from rakuten_bench.executor.protocol import Request, StartingExecutor


class LocalBackend:
    """Starts worker processes on this machine."""

    takes_address = False
    runs_here = True

    def start(self, request: Request) -> StartingExecutor:
        """Start the workers, in parallel with the loading of the data."""
        from rakuten_bench.executor.local.executor import StartingPool
        from rakuten_bench.executor.preload import find_preload

        preload = find_preload(request.scenarios)
        return StartingPool(request.n_workers, request.n_threads, preload)


BACKEND = LocalBackend()
