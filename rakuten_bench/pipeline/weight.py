"""Weights of training rows, for models that take them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.errors import UserError
from rakuten_bench.pipeline.kind import Work
from rakuten_bench.scenario import Scenario


def read_weights(
    sample_weight: object, X: Any, model: Any, scenario: Scenario
) -> NDArray[np.floating]:
    """Validate the weights of the training rows.

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,)
    X : array-like of n_rows
    model : estimator
        Of the last step.
    scenario : Scenario

    Raises
    ------
    UserError
        If the model takes no weights, or a search chooses its parameters.
    ValueError
        If they are invalid.
    """
    from sklearn.utils.validation import _check_sample_weight, has_fit_parameter

    levers = scenario.levers
    searches = levers.get("search", "off") != "off"
    if searches or not has_fit_parameter(model, "sample_weight"):
        last = "search" if searches else "fusion" if scenario.members else "model"
        message = (
            f"sample_weight: {last} '{levers[last]}' takes no weights. Choose another, "
            f"or fit without."
        )
        raise UserError(message)
    weights: NDArray[np.floating] = _check_sample_weight(sample_weight, X)
    return weights


def fit_weighted(work: Work, weights: NDArray[np.floating]) -> Any:
    """Return the model of a step, fitted with a weight for each training row.

    Parameters
    ----------
    work : Work
        Of a step that estimates.
    weights : float array of shape (n_rows,)
        Of the rows of the training table.

    Raises
    ------
    UserError
        If a sampler made rows, which have no weight.
    """
    folded = work.folded()
    if (folded.train_rows < 0).any():
        message = (
            "sample_weight: the sampler synthesizes rows, which have no weight. Choose "
            "one that repeats or removes rows, or fit without weights."
        )
        raise UserError(message)
    selected = weights[folded.train_rows]
    return work.make().fit(folded.train, folded.y, sample_weight=selected)
