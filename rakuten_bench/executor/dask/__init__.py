"""Steps on a Dask cluster: one of this machine, or one that is running somewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from types import ModuleType

from rakuten_bench.errors import MissingPackage
from rakuten_bench.executor.protocol import Request, StepExecutor
from rakuten_bench.store.result import Store


class DaskBackend:
    """Connects to a Dask cluster, or starts one on this machine."""

    takes_address = True
    runs_here = False

    def warm_up(self, request: Request) -> None:
        """Check the address."""
        if request.address:
            _import_client().check_scheduler(request.address)

    def wait_for_worker(self, request: Request) -> Iterator[str]:
        """Wait for the first worker of a running cluster."""
        if request.address:
            yield from _import_client().wait_for_worker(request.address)

    def open(
        self, request: Request, store: Store, wanted: Collection[str]
    ) -> StepExecutor:
        """Connect to the cluster, and prepare its workers."""
        executor: StepExecutor = _import_client().open_dask(request, store, wanted)
        return executor


def _import_client() -> ModuleType:
    try:
        from rakuten_bench.executor.dask import client
    except ModuleNotFoundError as error:
        message = (
            "--executor dask needs the package 'distributed', which is not installed. "
            'Run: pip install "rakuten-bench[dask]"'
        )
        raise MissingPackage(message) from error
    return client


BACKEND = DaskBackend()
