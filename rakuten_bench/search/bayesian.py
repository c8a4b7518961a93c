"""Bayesian search with scikit-optimize, which is unmaintained: only used in this module."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from rakuten_bench.search.strategy import Batch, Strategy, every_of
from rakuten_bench.types import Choices, Dimension, Integer

#: A failed candidate's score is this much below the worst successful one.
_PENALTY = 0.1


def search_bayes(
    dimensions: Mapping[str, Dimension], n_iter: int, n_initial: int, random_state: int
) -> Strategy:
    """Yield candidates one by one, proposed by a Gaussian process over the scores.

    A failed candidate scores below the worst successful one, so that the search
    continues. A space with at most `n_iter` combinations is searched exhaustively: the
    process would propose the same candidates again.
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
            warnings.simplefilter("ignore")  # of proposing a point again
            point = optimizer.ask()
        (score,) = yield Batch([_params(dimensions, point)])
        if not np.isnan(score):
            worst = min(worst, score)
        loss = -score if not np.isnan(score) else _PENALTY - worst
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of fitting the process, not the model
            optimizer.tell(point, loss)


def _dimension(name: str, dimension: Dimension) -> Any:
    from skopt.space import Categorical
    from skopt.space import Integer as WholeRange
    from skopt.space import Real as Range

    if isinstance(dimension, Choices):
        # positions, not values: the library does not support None or tuples
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
