"""Measured and predicted usage of a run."""

from rakuten_bench.engine.cost import Cost
from rakuten_bench.engine.usage import Usage
from rakuten_bench.store.result import Facts


def test_seconds_and_sizes_add_up_and_the_largest_memory_counts():
    usage = Usage()

    usage.add(Cost(1.0, 10, 100), Facts(seconds=2.0, memory=30, size=50, step="a"))
    usage.add(
        Cost(3.0, 5, 1, is_known=False), Facts(seconds=0.5, memory=20, size=7, step="b")
    )

    assert usage == Usage(
        seconds_predicted=4.0,
        seconds=2.5,
        memory_predicted=10,
        memory=30,
        size_predicted=101,
        size=57,
        n_guessed=1,
    )
