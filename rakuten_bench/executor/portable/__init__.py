"""Worker processes started as new interpreters: on Windows and macOS, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rakuten_bench.executor.backend import PoolBackend

if TYPE_CHECKING:
    from rakuten_bench.executor.pool import WorkerPool


def _find_pool() -> type[WorkerPool]:
    from rakuten_bench.executor.portable.pool import PortablePool

    return PortablePool


BACKEND = PoolBackend(_find_pool)
