"""Settings of a run: folders, what to run again, limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rakuten_bench.cores import count_cores
from rakuten_bench.errors import UserError
from rakuten_bench.executor import DEFAULT, find_backend
from rakuten_bench.executor.device import Device
from rakuten_bench.executor.protocol import Request
from rakuten_bench.executor.script import refuse_script_of_worker
from rakuten_bench.scenario import Scenario
from rakuten_bench.scenario.limit import Limit
from rakuten_bench.store.layout import default_cache, default_cache_size


@dataclass(frozen=True)
class Settings:
    """How to run a study.

    Attributes
    ----------
    results, cache : Path
    data_dir : Path or None
        Folder of the user's files.
    rerun : collection of {"missing", "failed", "timeout", "oom", "all"}
        Scenarios without a record of exactly this plan always run; this adds those
        without scores ("failed"), those that exceeded a limit, or all.
    n_jobs : int or None
        Number of parallel steps; None for as many as the cores allow.
    n_threads : int
        Numeric threads per step. More than one can change the last digits of a
        result, so it does not depend on `n_jobs`.
    limit : Limit
        Applies to every step, overriding the file.
    device : {"auto", "cpu", "cuda"}
        Device of options that can use an accelerator; "auto" takes a GPU if available.
        Existing results are used whatever device computed them.
    cache_size : int or None
        Bytes; None for the default.
    executor : str
        Name of a folder of `rakuten_bench.executor`.
    scheduler : str
        Address of the Dask scheduler; "" starts a cluster on this machine.

    Raises
    ------
    UserError
        If the executor is unknown, or can't use the given scheduler; in a worker
        process that imports the script with the options.
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
        refuse_script_of_worker()
        backend = find_backend(self.executor)
        if self.scheduler and not backend.takes_address:
            message = (
                f"--scheduler {self.scheduler}: --executor {self.executor} does not use "
                f"one. Remove one of the two."
            )
            raise UserError(message)

    @property
    def threads(self) -> int:
        """Numeric threads per step: as set, at most the number of cores."""
        return max(1, min(self.n_threads, count_cores()))

    @property
    def n_workers(self) -> int:
        """Number of parallel steps: all threads together never exceed the cores."""
        most = max(1, count_cores() // self.threads)
        return most if self.n_jobs is None else max(1, min(self.n_jobs, most))

    def request(self, scenarios: Iterable[Scenario]) -> Request:
        """Return the options to open an executor with."""
        return Request(tuple(scenarios), self.n_workers, self.threads, self.scheduler)

    @property
    def most_bytes(self) -> int:
        """Maximum size of the cache in bytes."""
        return default_cache_size() if self.cache_size is None else self.cache_size
