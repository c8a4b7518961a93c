"""Building blocks of search options: batches of candidates from a search space."""

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
    """The next candidates to score.

    Attributes
    ----------
    candidates : sequence of dict
    share : float
        Share of each inner fold's training rows that they are fitted on.
    """

    candidates: Sequence[Params]
    share: float = 1.0


#: Yields batches; is sent the mean score of each candidate, nan for a failed one.
Strategy = Generator[Batch, list[float], None]


def values_of(dimension: Dimension, n_values: int) -> list[Any]:
    """Return all values of a list, or evenly spaced values of a range.

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
    return [
        dict(zip(dimensions, values, strict=True))
        for values in itertools.product(*axes)
    ]


def every_of(dimensions: Mapping[str, Dimension], at_most: float) -> list[Params]:
    """Return every combination of a space, or [] if there are more than `at_most`.

    >>> every_of({"depth": Integer(1, 2)}, 5)
    [{'depth': 1}, {'depth': 2}]
    >>> every_of({"depth": Integer(1, 9)}, 5)
    []
    """
    if math.prod(map(_count, dimensions.values())) > at_most:
        return []
    listed = {
        name: Choices(tuple(range(dimension.low, dimension.high + 1)))
        if isinstance(dimension, Integer)
        else dimension
        for name, dimension in dimensions.items()
    }
    return grid_of(listed, 0)


def _count(dimension: Dimension) -> float:
    if isinstance(dimension, Choices):
        return len(dimension.values)
    if isinstance(dimension, Integer):
        return dimension.high - dimension.low + 1
    return math.inf


def draw(
    dimensions: Mapping[str, Dimension], n_candidates: int, random_state: int
) -> list[Params]:
    """Draw distinct candidates at random (Bergstra & Bengio 2012).

    Returns every combination of a space that has at most `n_candidates`.
    """
    generator = np.random.default_rng(random_state)
    is_listed = all(isinstance(d, Choices) for d in dimensions.values())
    every = every_of(dimensions, math.inf if is_listed else n_candidates)
    if every:
        order = generator.permutation(len(every))[:n_candidates]
        return [every[index] for index in order]
    candidates: list[Params] = []
    while len(candidates) < n_candidates:
        candidate = {name: _draw(d, generator) for name, d in dimensions.items()}
        if candidate not in candidates:
            candidates.append(candidate)
    return candidates


def _draw(dimension: Dimension, generator: np.random.Generator) -> Any:
    if isinstance(dimension, Choices):
        return dimension.values[int(generator.integers(len(dimension.values)))]
    low, high = float(dimension.low), float(dimension.high)
    if dimension.log:
        value = float(np.exp(generator.uniform(np.log(low), np.log(high))))
    else:
        value = float(generator.uniform(low, high))
    return round(value) if isinstance(dimension, Integer) else value
