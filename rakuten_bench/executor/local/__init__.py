"""Worker processes of this machine, each of which can be stopped by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rakuten_bench.executor.protocol import Request, StepExecutor
from rakuten_bench.store.result import Store


class LocalBackend:
    """Opens worker processes of this machine."""

    takes_address = False
    runs_here = True

    def warm_up(self, request: Request) -> None:
        """Start the workers; they are there when the data are."""
        _open(request)

    def wait_for_worker(self, request: Request) -> Iterator[str]:
        """Wait for nothing: workers are started as they are needed."""
        del request
        yield from ()

    def open(
        self, request: Request, store: Store, wanted: Collection[str]
    ) -> StepExecutor:
        """Return worker processes: those of an earlier run of this process, if they fit."""
        del store, wanted  # workers write to the store themselves
        return _open(request)


def _open(request: Request) -> StepExecutor:
    from rakuten_bench.executor.local.executor import open_local
    from rakuten_bench.executor.preload import find_preload

    preload = find_preload(request.scenarios)
    return open_local(request.n_workers, request.n_threads, preload)


BACKEND = LocalBackend()
