"""Fit in the command's process under the conditions of a run's workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rakuten_bench.interface.printing import echo

if TYPE_CHECKING:
    from rakuten_bench.records import Record


@contextmanager
def working_as(record: Record) -> Iterator[None]:
    """Compute with as many threads as the record's worker; print notes at the end.

    Sums of floats depend on the number of threads, and a difference in the last bit can
    change a predicted class. Other variables of a worker don't matter: no result depends
    on the order of a set.
    """
    from rakuten_bench.executor.thread import limit_threads

    limit_threads(record.n_threads)
    with telling():
        yield


@contextmanager
def telling() -> Iterator[None]:
    """Print the remarks of steps at the end, each once."""
    from rakuten_bench.pipeline.fitting import noted
    from rakuten_bench.wording.words import clean

    with noted() as notes:
        yield
    for note in notes:
        echo(f"note: {clean(note)}", err=True)
