"""Bayesian search with scikit-optimize, which is unmaintained: all of it is in here."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from rakuten_bench.search.strategy import Batch, Strategy, every_of
from rakuten_bench.types import Choices, Dimension, Integer

#: What a failed candidate is told to be worth, below the worst that succeeded.
_PENALTY = 0.1


def search_bayes(
    dimensions: Mapping[str, Dimension], n_iter: int, n_initial: int, random_state: int
) -> Strategy:
    """Yield one candidate after the other, as a Gaussian process over the scores asks.

    A failed candidate counts as worse than the worst, so that the search goes on. A
    space of few combinations is tried whole: the process would ask for the same again.
    """
    from skopt import Optimizer

    every = every_of(dimensions, n_iter)
    if every:
        yield Batch(every)
        return
    optimizer = Optimizer(
        [_dimension(name, one) for name, one in dimensions.items()],
        base_estimator="GP",
        n_initial_points=min(n_initial, n_iter),
        random_state=random_state,
    )
    worst = 1.0
    for _ in range(n_iter):
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # it re-evaluates where it has no better idea
            point = optimizer.ask()
        (score,) = yield Batch([_params(dimensions, point)])
        if not np.isnan(score):
            worst = min(worst, score)
        loss = -score if not np.isnan(score) else _PENALTY - worst
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the fit of the process, not of the model
            optimizer.tell(point, loss)


def _dimension(name: str, dimension: Dimension) -> Any:
    from skopt.space import Categorical
    from skopt.space import Integer as WholeRange
    from skopt.space import Real as Range

    if isinstance(dimension, Choices):
        # places, not values: the library cannot hold None or tuples
        return Categorical(list(range(len(dimension.values))), name=name)
    kind = WholeRange if isinstance(dimension, Integer) else Range
    prior = "log-uniform" if dimension.log else "uniform"
    return kind(dimension.low, dimension.high, prior=prior, name=name)


def _params(dimensions: Mapping[str, Dimension], point: list[Any]) -> dict[str, Any]:
    return {
        name: dimension.values[int(value)]
        if isinstance(dimension, Choices)
        else int(value)
        if isinstance(dimension, Integer)
        else float(value)
        for (name, dimension), value in zip(dimensions.items(), point, strict=True)
    }
