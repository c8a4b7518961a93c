"""Forked worker processes, each of which can be stopped individually."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rakuten_bench.errors import UserError
from rakuten_bench.executor.backend import PoolBackend

if TYPE_CHECKING:
    from rakuten_bench.executor.pool import WorkerPool


def _find_pool() -> type[WorkerPool]:
    if not hasattr(os, "fork"):
        message = (
            "--executor local: this system can't fork processes. Use --executor "
            "portable, the default here."
        )
        raise UserError(message)
    from rakuten_bench.executor.local.pool import LocalPool

    return LocalPool


BACKEND = PoolBackend(_find_pool)
