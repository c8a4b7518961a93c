"""The engine: runs the missing scenarios of a study and writes their records."""

from __future__ import annotations

from rakuten_bench.engine.board import check_results, describe_others
from rakuten_bench.engine.prepare import (
    Prepared,
    count_stopped,
    describe_run,
    find_todo,
    find_unscored,
    prepare,
)
from rakuten_bench.engine.progress import Progress
from rakuten_bench.engine.run import Run, warm_up
from rakuten_bench.engine.settings import Settings
from rakuten_bench.engine.usage import Usage

__all__ = [
    "Prepared",
    "Progress",
    "Run",
    "Settings",
    "Usage",
    "check_results",
    "count_stopped",
    "describe_others",
    "describe_run",
    "find_todo",
    "find_unscored",
    "prepare",
    "warm_up",
]
