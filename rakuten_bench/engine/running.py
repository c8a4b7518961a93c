"""Steps that the executor has: those being computed and those queued there."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, wait

from rakuten_bench.executor.protocol import Call, StepExecutor
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.plan import Step

_QUEUED = 2  # steps per worker: one being computed, one ready to follow


class RunningSteps:
    """Steps submitted to the executor, by their calls.

    Parameters
    ----------
    executor : StepExecutor
    """

    def __init__(self, executor: StepExecutor) -> None:
        self._executor = executor
        self._steps: dict[Call[Done], Step] = {}

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps.values())

    @property
    def is_full(self) -> bool:
        """Whether every worker has a step, and another one to follow."""
        return len(self._steps) >= _QUEUED * self._executor.n_workers

    def submit(self, task: Task) -> None:
        """Submit a task.

        Raises
        ------
        LostResult
            If an input can't be sent to the workers.
        """
        self._steps[self._executor.submit(task)] = task.step

    def wait(self, timeout: float) -> list[tuple[Step, Done]]:
        """Wait until a step ends, or a timeout in seconds; return those that ended."""
        if self._steps:
            wait(self._steps, timeout, FIRST_COMPLETED)
        else:
            time.sleep(timeout)
        ended = [call for call in self._steps if call.done()]
        steps = [(call, self._steps.pop(call)) for call in ended]
        return [(step, Done.of(call, step)) for call, step in steps]

    def started(self) -> list[tuple[Step, Call[Done]]]:
        """Return the steps that a worker has taken, the longest-running first."""
        started = [
            (step, call)
            for call, step in self._steps.items()
            if call.started < math.inf
        ]
        return sorted(started, key=lambda pair: pair[1].started)
