"""Random numbers that stay the same with every version of every library.

NumPy does not promise the same numbers from one version to the next (NEP 19), but a
split or a drawn data set must not change with an upgrade: scores are compared on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.types import Rows

_STEP = 0x9E3779B97F4A7C15
_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def mix_bits(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter the bits of numbers (the finalizer of splitmix64; Steele et al. 2014)."""
    for shift, factor in _ROUNDS:
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))


def random_bits(n: int, random_state: int, stream: int = 0) -> NDArray[np.uint64]:
    """Return n random numbers of 64 bits.

    Parameters
    ----------
    n : int
    random_state : int
    stream : int
        Another stream under the same seed.
    """
    start = mix_bits(np.array([random_state * _STEP + stream & 2**64 - 1], np.uint64))
    return mix_bits(start + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(_STEP))


def uniform(n: int, random_state: int, stream: int = 0) -> NDArray[np.float64]:
    """Return n numbers, evenly from 0 (included) to 1 (excluded)."""
    bits = random_bits(n, random_state, stream) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def shuffled_rank(n: int, random_state: int, stream: int = 0) -> Rows:
    """Return a random permutation of 0 to n - 1, of shape (n,).

    Splits use stream 0; what a row holds must be drawn from another, or under one seed
    the rows of a kind would all be on one side.
    """
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(random_bits(n, random_state, stream), kind="stable")] = np.arange(n)
    return rank
