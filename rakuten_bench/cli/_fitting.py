"""Fitting in the command's own process as a run's workers do."""

from __future__ import annotations

from rakuten_bench.records import Record


def work_as(record: Record) -> None:
    """Compute with as many threads as the record's worker had.

    Sums of floats depend on how many threads share them, and a sum that is off by its
    last bit can decide a class. Other variables of a worker don't matter: the order of
    a set decides nothing.
    """
    from rakuten_bench.engine.thread import limit_threads

    limit_threads(record.n_threads)
