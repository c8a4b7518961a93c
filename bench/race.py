"""Time programs in interleaved slices, on a machine whose speed varies.

While one program runs, the others are suspended (SIGSTOP) with all their child
processes, so that a slow period affects all of them. The time of a program is the sum of
its slices.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import psutil

#: Start and end on the monotonic clock, which all processes share.
Span = tuple[float, float]

#: A program to time: prepares, calls its argument when ready, then does the timed work.
Entry = Callable[[Callable[[], None]], Any]

_SLICE = 0.5  # seconds


class Runner:
    """A program in a separate process that is suspended between its slices.

    Attributes
    ----------
    result : object
        The program's return value.
    """

    def __init__(self, entry: Entry) -> None:
        context = get_context("spawn")
        self._pipe, child_pipe = context.Pipe()
        self._process = context.Process(target=_run, args=(child_pipe, entry))
        self._process.start()
        child_pipe.close()
        self._pipe.recv()  # the program is ready
        self._slices: list[Span] = []
        self._signal(signal.SIGSTOP)
        self._pipe.send(None)
        self.result: Any = None

    def run(self) -> bool:
        """Run for one slice; return whether the program has ended."""
        with self._resumed():
            has_ended = self._pipe.poll(_SLICE)
            if has_ended:
                self.result = self._pipe.recv()
        return has_ended

    @contextmanager
    def _resumed(self) -> Iterator[None]:
        self._signal(signal.SIGCONT)
        start = time.monotonic()
        yield
        self._slices.append((start, time.monotonic()))
        self._signal(signal.SIGSTOP)

    def _signal(self, number: int) -> None:
        root = psutil.Process(self._process.pid)
        if number == signal.SIGSTOP:
            root.suspend()  # first, so that it starts no further children
        for process in (root, *root.children(recursive=True)):
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)

    def seconds(self, span: Span) -> float:
        """Return the seconds that the program ran within a span."""
        start, end = span
        return sum(max(0.0, min(end, b) - max(start, a)) for a, b in self._slices)

    def end(self) -> None:
        """Kill the program and its child processes, which may be suspended."""
        if self._process.is_alive():
            self._signal(signal.SIGKILL)
        self._process.join()


def race(*entries: Entry) -> list[Runner]:
    """Run all programs to their end, in interleaved slices."""
    runners: list[Runner] = []
    with ExitStack() as ends:
        for entry in entries:
            runners.append(Runner(entry))
            ends.callback(runners[-1].end)
        pending = list(runners)
        while pending:
            pending = [runner for runner in pending if not runner.run()]
    return runners


def _run(pipe: Connection, entry: Entry) -> None:
    def ready() -> None:
        pipe.send(None)
        pipe.recv()

    pipe.send(entry(ready))


def mean_ratio(top: Iterable[float], bottom: Iterable[float]) -> tuple[float, float]:
    """Return the geometric mean of ratios and its standard error."""
    logs = np.log([a / b for a, b in zip(top, bottom, strict=True)])
    mean = float(np.exp(logs.mean()))
    return mean, mean * float(logs.std(ddof=1)) / len(logs) ** 0.5
