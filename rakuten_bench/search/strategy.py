"""What a search option is made of: batches of candidates drawn from a space."""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rakuten_bench.types import Choices, Dimension, Integer, Params


@dataclass(frozen=True, slots=True)
class Batch:
    """Candidates to be scored next.

    Attributes
    ----------
    candidates : sequence of dict
    share : float
        Part of each inner fold's training rows that they learn from.
    """

    candidates: Sequence[Params]
    share: float = 1.0


#: Yields batches; is sent the mean score of each candidate, nan for one that failed.
Strategy = Generator[Batch, list[float], None]


def values_of(dimension: Dimension, n_values: int) -> list[Any]:
    """Return all values of a list, or values evenly spread over a range.

    >>> values_of(Choices((1, 2)), 5)
    [1, 2]
    """
    if isinstance(dimension, Choices):
        return list(dimension.values)
    spread = np.geomspace if dimension.log else np.linspace
    numbers = spread(dimension.low, dimension.high, n_values)
    if isinstance(dimension, Integer):
        return sorted({round(number) for number in numbers.tolist()})
    return [float(f"{number:.6g}") for number in numbers.tolist()]


def grid_of(dimensions: Mapping[str, Dimension], n_values: int) -> list[Params]:
    """Return every combination of the values of a space."""
    axes = [values_of(dimension, n_values) for dimension in dimensions.values()]
    return [dict(zip(dimensions, one, strict=True)) for one in itertools.product(*axes)]


def every_of(dimensions: Mapping[str, Dimension], at_most: float) -> list[Params]:
    """Return every combination of a space; none where it has more than `at_most`.

    >>> every_of({"depth": Integer(1, 2)}, 5)
    [{'depth': 1}, {'depth': 2}]
    >>> every_of({"depth": Integer(1, 9)}, 5)
    []
    """
    if math.prod(_count(one) for one in dimensions.values()) > at_most:
        return []
    whole = {
        name: Choices(tuple(range(one.low, one.high + 1)))
        if isinstance(one, Integer)
        else one
        for name, one in dimensions.items()
    }
    return grid_of(whole, 0)


def _count(dimension: Dimension) -> float:
    if isinstance(dimension, Choices):
        return len(dimension.values)
    if isinstance(dimension, Integer):
        return dimension.high - dimension.low + 1
    return math.inf


def draw(
    dimensions: Mapping[str, Dimension], n_candidates: int, random_state: int
) -> list[Params]:
    """Draw candidates at random, none twice (Bergstra & Bengio 2012).

    A space with fewer combinations than asked for is returned whole.
    """
    generator = np.random.default_rng(random_state)
    is_listed = all(isinstance(one, Choices) for one in dimensions.values())
    every = every_of(dimensions, math.inf if is_listed else n_candidates)
    if every:
        order = generator.permutation(len(every))[:n_candidates]
        return [every[place] for place in order]
    found: list[Params] = []
    while len(found) < n_candidates:
        one = {name: _draw(d, generator) for name, d in dimensions.items()}
        if one not in found:
            found.append(one)
    return found


def _draw(dimension: Dimension, generator: np.random.Generator) -> Any:
    if isinstance(dimension, Choices):
        return dimension.values[int(generator.integers(len(dimension.values)))]
    low, high = float(dimension.low), float(dimension.high)
    if dimension.log:
        value = float(np.exp(generator.uniform(np.log(low), np.log(high))))
    else:
        value = float(generator.uniform(low, high))
    return round(value) if isinstance(dimension, Integer) else value
