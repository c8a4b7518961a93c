"""Steps claimed by another run: polled until it has stored or released them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from rakuten_bench.plan import Step
from rakuten_bench.store.result import Store

#: Seconds between two polls of the claims.
POLL_INTERVAL = 0.05
_MAX_DELAY = 2.0  # seconds that a step is held back, however often it was refused


@dataclass
class _Waiting:
    """A step claimed by another run.

    Attributes
    ----------
    step : Step
    due : float
        When it is polled next, on the monotonic clock.
    """

    step: Step
    due: float


class WaitingSteps:
    """Steps that a worker refused to compute, because another run has claimed them.

    A claim may be invisible from here: on a worker with a store of its own, or the one
    on the GPU. Such a step looks free and is refused again, so its delay doubles.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, _Waiting] = {}
        self._delays: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Step]:
        return (waiting.step for waiting in self._waiting.values())

    def add(self, step: Step) -> None:
        """Hold a step back, twice as long each time."""
        delay = min(2 * self._delays.get(step.key, POLL_INTERVAL / 2), _MAX_DELAY)
        self._delays[step.key] = delay
        self._waiting[step.key] = _Waiting(step, time.monotonic() + delay)

    def remove(self, step: Step) -> None:
        """Stop waiting for a step."""
        del self._waiting[step.key]

    def poll(self) -> list[Step]:
        """Return the steps whose delay has passed; each is due again after an interval."""
        now = time.monotonic()
        due = [waiting for waiting in self._waiting.values() if waiting.due <= now]
        for waiting in due:
            waiting.due = now + POLL_INTERVAL
        return [waiting.step for waiting in due]

    def is_stored(self, step: Step) -> bool:
        """Tell whether the other run has finished a step."""
        return step.key in self._store

    def is_claimed(self, step: Step) -> bool:
        """Tell whether a process that shares our store is computing a step."""
        return not self._store.claims.is_free(step.key)
