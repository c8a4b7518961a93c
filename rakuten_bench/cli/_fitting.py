"""Fitting in the command's own process as a run's workers do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rakuten_bench.cli._stream import echo

if TYPE_CHECKING:
    from rakuten_bench.records import Record


@contextmanager
def working_as(record: Record) -> Iterator[None]:
    """Compute with as many threads as the record's worker had; tell notes at the end.

    Sums of floats depend on how many threads share them, and a sum that is off by its
    last bit can decide a class. Other variables of a worker don't matter: the order of
    a set decides nothing.
    """
    from rakuten_bench.executor.thread import limit_threads

    limit_threads(record.n_threads)
    with telling():
        yield


@contextmanager
def telling() -> Iterator[None]:
    """Tell at the end what steps remarked, each once."""
    from rakuten_bench.pipeline.fitting import noted
    from rakuten_bench.wording.words import clean

    with noted() as notes:
        yield
    for note in notes:
        echo(f"note: {clean(note)}", err=True)
