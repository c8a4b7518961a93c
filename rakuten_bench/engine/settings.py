"""Where a run reads and writes, what it does again, and what it may use."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rakuten_bench.cores import count_cores
from rakuten_bench.errors import UserError
from rakuten_bench.executor import DEFAULT, find_backend
from rakuten_bench.executor.device import Device
from rakuten_bench.executor.protocol import Request
from rakuten_bench.scenario import Scenario
from rakuten_bench.scenario.limit import Limit
from rakuten_bench.store.layout import default_cache, default_cache_size

#: What may be run again; scenarios without a record always are.
RERUN = ("missing", "failed", "timeout", "oom", "all")


@dataclass(frozen=True)
class Settings:
    """How to run a study.

    Attributes
    ----------
    results, cache : Path
    data_dir : Path or None
        Folder of the files that the user brings.
    rerun : collection of {"missing", "failed", "timeout", "oom", "all"}
        Scenarios without a record of exactly this plan are always run; this adds those
        that have none with scores ("failed"), those over a limit, or all.
    n_jobs : int or None
        Steps at a time; None for as many as the cores allow.
    n_threads : int
        Numeric threads of each step. More than one can change the last digits of a
        result, so it does not depend on `n_jobs`.
    limit : Limit
        Holds for every step, whatever the file says.
    device : {"auto", "cpu", "cuda"}
        Where options run that can use an accelerator; "auto" takes a GPU where there
        is one. A result that is there already is taken wherever it was computed.
    cache_size : int or None
        Bytes; None for the default.
    executor : str
        A folder of `rakuten_bench.executor`.
    scheduler : str
        Address of the Dask scheduler; "" starts a cluster on this machine.

    Raises
    ------
    UserError
        If there is no such executor, or a scheduler is named that it can't use.
    """

    results: Path = Path("results")
    cache: Path = field(default_factory=default_cache)
    data_dir: Path | None = None
    rerun: Collection[str] = ("missing",)
    n_jobs: int | None = None
    n_threads: int = 1
    limit: Limit = field(default_factory=Limit)
    device: Device = "auto"
    cache_size: int | None = None
    executor: str = DEFAULT
    scheduler: str = ""

    def __post_init__(self) -> None:
        backend = find_backend(self.executor)
        if self.scheduler and not backend.takes_address:
            message = (
                f"--scheduler {self.scheduler}: --executor {self.executor} has no use "
                f"for it. Leave one of them out."
            )
            raise UserError(message)

    @property
    def threads(self) -> int:
        """Numeric threads of a step: what was asked for, at most the cores."""
        return max(1, min(self.n_threads, count_cores()))

    @property
    def n_workers(self) -> int:
        """Steps at a time: all threads together are never more than the cores."""
        most = max(1, count_cores() // self.threads)
        return most if self.n_jobs is None else max(1, min(self.n_jobs, most))

    def request(self, scenarios: Iterable[Scenario]) -> Request:
        """Return what an executor is opened for."""
        return Request(tuple(scenarios), self.n_workers, self.threads, self.scheduler)

    @property
    def most_bytes(self) -> int:
        """Bytes that the cache may take."""
        return default_cache_size() if self.cache_size is None else self.cache_size
