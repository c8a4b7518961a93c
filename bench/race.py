"""A race of programs on a machine whose speed changes: in slices, one after the other.

While one runs the others are stopped (SIGSTOP), with all processes that they started, so
that a slow minute is slow for everybody. What a program took are its own slices.
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

#: When something began and ended, on the clock that all processes share.
Span = tuple[float, float]

#: What is raced: does all that does not count, calls what it is given, and then the work.
Entry = Callable[[Callable[[], None]], Any]

_SLICE = 0.5  # seconds


class Runner:
    """A program in a process of its own that runs only while it is let.

    Attributes
    ----------
    result : object
        What it returned.
    """

    def __init__(self, entry: Entry) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, entry))
        self._process.start()
        theirs.close()
        self._pipe.recv()  # it is ready
        self._slices: list[Span] = []
        self._signal(signal.SIGSTOP)
        self._pipe.send(None)
        self.result: Any = None

    def run(self) -> bool:
        """Run for one slice; tell whether it has come to its end."""
        with self._let():
            has_ended = self._pipe.poll(_SLICE)
            if has_ended:
                self.result = self._pipe.recv()
        return has_ended

    @contextmanager
    def _let(self) -> Iterator[None]:
        self._signal(signal.SIGCONT)
        start = time.monotonic()
        yield
        self._slices.append((start, time.monotonic()))
        self._signal(signal.SIGSTOP)

    def _signal(self, number: int) -> None:
        root = psutil.Process(self._process.pid)
        if number == signal.SIGSTOP:
            root.suspend()  # so that it starts no more
        for one in (root, *root.children(recursive=True)):
            with suppress(ProcessLookupError):
                os.kill(one.pid, number)

    def seconds(self, span: Span) -> float:
        """Return how long it was let run within a span."""
        start, end = span
        return sum(max(0.0, min(end, b) - max(start, a)) for a, b in self._slices)

    def end(self) -> None:
        """End it with all that it started, which may be stopped."""
        if self._process.is_alive():
            self._signal(signal.SIGKILL)
        self._process.join()


def race(*entries: Entry) -> list[Runner]:
    """Run all of them to their end, in slices."""
    runners: list[Runner] = []
    with ExitStack() as ends:
        for entry in entries:
            runners.append(Runner(entry))
            ends.callback(runners[-1].end)
        waiting = list(runners)
        while waiting:
            waiting = [runner for runner in waiting if not runner.run()]
    return runners


def _run(pipe: Connection, entry: Entry) -> None:
    def ready() -> None:
        pipe.send(None)
        pipe.recv()

    pipe.send(entry(ready))


def mean_ratio(top: Iterable[float], bottom: Iterable[float]) -> tuple[float, float]:
    """Return the mean of ratios (geometric) and its standard error."""
    logs = np.log([a / b for a, b in zip(top, bottom, strict=True)])
    mean = float(np.exp(logs.mean()))
    return mean, mean * float(logs.std(ddof=1)) / len(logs) ** 0.5
