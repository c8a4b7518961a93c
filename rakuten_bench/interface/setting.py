"""Settings of a run from what a person writes: sizes and durations as texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict, get_args

from rakuten_bench.engine import Settings
from rakuten_bench.errors import UserError, unknown
from rakuten_bench.executor import choose_executor
from rakuten_bench.scenario.limit import parse_limit
from rakuten_bench.store.layout import default_cache
from rakuten_bench.units import parse_size

Device = Literal["auto", "cpu", "cuda"]


class RunOptions(TypedDict, total=False):
    """The arguments of `build_settings`, for those that hand them on."""

    results: str | Path
    cache: str | Path | None
    data_dir: str | Path | None
    rerun: str | Sequence[str]
    jobs: int | None
    threads: int | None
    time_limit: str | float | None
    memory_limit: str | int | None
    device: Device
    executor: str | None
    scheduler: str | None
    cache_size: str | None


def build_settings(  # noqa: PLR0913  (the options of `run`)
    *,
    results: str | Path = "results",
    cache: str | Path | None = None,
    data_dir: str | Path | None = None,
    rerun: str | Sequence[str] = "missing",
    jobs: int | None = None,
    threads: int | None = None,
    time_limit: str | float | None = None,
    memory_limit: str | int | None = None,
    device: Device = "auto",
    executor: str | None = None,
    scheduler: str | None = None,
    cache_size: str | None = None,
) -> Settings:
    """Return settings; each has the name and the meaning of an option of `run`.

    Raises
    ------
    UserError
        If a value is invalid.
    """
    again = [rerun] if isinstance(rerun, str) else list(rerun)
    for one in again:
        if one not in _RERUN:
            raise UserError(unknown("rerun", one, _RERUN))
    if device not in get_args(Device):
        raise UserError(unknown("device", device, get_args(Device)))
    return Settings(
        results=Path(results),
        cache=Path(cache) if cache else default_cache(),
        data_dir=Path(data_dir) if data_dir else None,
        rerun=again or ["missing"],
        n_jobs=jobs,
        n_threads=threads or 1,
        limit=parse_limit({"time": time_limit, "memory": memory_limit}),
        device=device,
        executor=executor or choose_executor(scheduler or ""),
        scheduler=scheduler or "",
        cache_size=None if cache_size is None else parse_size(cache_size),
    )


_RERUN = ("missing", "failed", "timeout", "oom", "all")
