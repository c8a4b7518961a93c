"""Search with Optuna's tree-structured Parzen estimator (Bergstra et al. 2011)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rakuten_bench.search.strategy import Batch, Strategy
from rakuten_bench.types import Choices, Dimension, Integer


def search_parzen(
    dimensions: Mapping[str, Dimension], n_iter: int, random_state: int
) -> Strategy:
    """Yield candidates one by one, proposed by the estimator."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=random_state)
    )
    for _ in range(n_iter):
        trial = study.ask()
        params = {name: _suggest(trial, name, one) for name, one in dimensions.items()}
        (score,) = yield Batch([params])
        if np.isnan(score):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, score)


def _suggest(trial: Any, name: str, dimension: Dimension) -> Any:
    if isinstance(dimension, Choices):
        # positions, not values: Optuna supports plain values only
        return dimension.values[
            trial.suggest_categorical(name, range(len(dimension.values)))
        ]
    suggest = (
        trial.suggest_int if isinstance(dimension, Integer) else trial.suggest_float
    )
    return suggest(name, dimension.low, dimension.high, log=dimension.log)
