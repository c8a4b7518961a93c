"""What a search option is made of: batches of candidates drawn from a space."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rakuten_bench.types import Choices, Dimension, Integer

Params = dict[str, Any]


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


def draw(
    dimensions: Mapping[str, Dimension], n_candidates: int, random_state: int
) -> list[Params]:
    """Draw candidates at random, none twice (Bergstra & Bengio 2012).

    A space of lists with fewer combinations than asked for is returned whole.
    """
    generator = np.random.default_rng(random_state)
    if all(isinstance(one, Choices) for one in dimensions.values()):
        every = grid_of(dimensions, 0)
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
