"""Show what the process is doing while a command prints nothing else."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Protocol

from rakuten_bench.activity import LOG
from rakuten_bench.interface.printing import echo
from rakuten_bench.units import render_duration

#: Seconds of silence after which the activity is printed.
PATIENCE = 3.0
_BEAT = 0.5  # seconds between two looks
_LEAST = 2.0  # seconds from which the duration is shown


class Watcher(Protocol):
    """Shows an activity."""

    def begin(self, text: str) -> None:
        """Show an activity that begins."""

    def beat(self, text: str) -> None:
        """Show a count, or the duration, of an activity that goes on."""


class Waiting:
    """Prints the activity of a command after some seconds of silence."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def begin(self, text: str) -> None:
        """Print an activity that begins after a silence."""
        self.beat(text)

    def beat(self, text: str) -> None:
        """Print an activity if nothing was printed for some seconds."""
        if time.monotonic() - self._said > PATIENCE:
            self._said = time.monotonic()
            echo(text, err=True)


class _Listener(logging.Handler):
    """Passes on activities, and repeats the last one from a thread while it lasts."""

    def __init__(self, watcher: Watcher, text: str) -> None:
        super().__init__(logging.INFO)
        self.is_silent = False
        self._watcher = watcher
        self._text = text
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)

    def start(self) -> None:
        """Begin to repeat."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on an activity; one with a count continues the one before."""
        if self.is_silent:
            return
        text = record.getMessage()
        is_new = _activity(text) != _activity(self._text)
        self._text = text
        if is_new:
            self._started = time.monotonic()
            self._watcher.begin(text)
        else:
            self._watcher.beat(text)

    def _repeat(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # stderr was closed
            while not self._ended.wait(_BEAT):
                seconds = time.monotonic() - self._started
                if seconds > _LEAST and not self.is_silent:
                    lasts = render_duration(seconds)
                    self._watcher.beat(f"{self._text} ({lasts} so far)")


def _activity(text: str) -> str:
    return text.partition(":")[0]


@contextlib.contextmanager
def watching(watcher: Watcher, text: str = "working") -> Iterator[None]:
    """Show activities until the end; from now on, an outer watcher shows none.

    Parameters
    ----------
    watcher : Watcher
    text : str
        What is being done before anything is logged.
    """
    for outer in LOG.handlers:
        if isinstance(outer, _Listener):
            outer.is_silent = True
    listener = _Listener(watcher, text)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False  # handlers of the host application would print it again
    LOG.addHandler(listener)
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        LOG.removeHandler(listener)
        if not any(isinstance(one, _Listener) for one in LOG.handlers):
            LOG.setLevel(logging.NOTSET)
            LOG.propagate = True
