"""Executor that runs steps on a Dask cluster, local or remote."""

from __future__ import annotations

from rakuten_bench.errors import MissingPackage
from rakuten_bench.executor.protocol import Request, StartingExecutor


class DaskBackend:
    """Connects to a Dask cluster, or starts one on this machine."""

    takes_address = True
    runs_here = False

    def start(self, request: Request) -> StartingExecutor:
        """Check the address of the scheduler; a local cluster is started later."""
        try:
            from rakuten_bench.executor.dask.client import StartingDask
        except ModuleNotFoundError as error:
            message = (
                "--executor dask needs the package 'distributed', which is not "
                'installed. Run: pip install "rakuten-bench[dask]"'
            )
            raise MissingPackage(message) from error
        return StartingDask(request)


BACKEND = DaskBackend()
