"""How a fusion sees its members: their probabilities, joined on row and class.

Weights and stackers learn from what the members say about rows that they were not
trained on: the validation rows, or folds inside the training rows. Test rows are predicted, never looked at.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.errors import Notice, UserError
from rakuten_bench.pipeline.fitting import (
    most_probable,
    refuse_improbable,
    warn_of_notes,
)
from rakuten_bench.pipeline.kind import Predicting, Work
from rakuten_bench.pipeline.slot import Slots, known_target
from rakuten_bench.types import Prediction, Rows, Rule


class Fuse(Predicting):
    """Joins what several scenarios predict for the same rows."""

    seconds = 0.5

    def run(self, work: Work) -> Prediction:
        """Return the joined prediction for the test rows."""
        return fuse(work.make(), work.slots)

    def fit(self, work: Work) -> tuple[Rule, None]:
        """Return the rule, which has learned where it learns."""
        rule = work.make()
        learn_rule(rule, work.slots)
        return rule, None

    def source(self, work: Work) -> NDArray[np.float64]:
        """Return the members' probabilities, (n_members, n_rows, n_classes)."""
        return np.stack(work.slots.members).astype(np.float64)


def fuse(rule: Rule, slots: Slots) -> Prediction:
    """Learn a rule, where it learns, and predict the test rows of a fold.

    Parameters
    ----------
    rule : estimator
        Of `rakuten_bench.fusion.rule`.
    slots : Slots
        With the members' predictions for the test rows, and for folds of the training
        rows.

    Raises
    ------
    UserError
        If a member has no probabilities, or members don't have the same rows.
    """
    start = time.perf_counter()
    learn_rule(rule, slots)
    learned = time.perf_counter()
    rows, X = join_members(slots.members)
    _warn_of_copies(X)
    probability = rule.predict_proba(X).astype(np.float32)
    refuse_improbable(probability)
    warn_of_notes(rule)
    return Prediction(
        rows=rows,
        predicted=most_probable(probability),
        probability=probability,
        fit_time=learned - start,
        predict_time=time.perf_counter() - learned,
        details=dict(getattr(rule, "details_", {})),
    )


def _warn_of_copies(X: NDArray[np.float64]) -> None:
    """Warn where members predict the same, as two names of one file do."""
    for number, one in enumerate(X):
        for other in range(number):
            if np.array_equal(X[other], one):
                message = (
                    f"fusion: members {other + 1} and {number + 1} give the same "
                    f"probabilities for every row: they count as one twice"
                )
                warnings.warn(message, Notice, stacklevel=2)


def learn_rule(rule: Rule, slots: Slots) -> None:
    """Fit a rule on the members' predictions for folds of the training rows."""
    if not hasattr(rule, "fit"):
        return
    target = known_target(slots.target)
    parts = [join_members(inner.members) for inner in slots.inner]
    rows = np.concatenate([rows for rows, _ in parts])
    allowed = np.concatenate([target.fold.train, target.fold.validation])
    if np.setdiff1d(rows, allowed).size:  # would be a leak
        message = "a fusion was given predictions for rows that it must not learn from"
        raise AssertionError(message)
    rule.fit(np.concatenate([X for _, X in parts], axis=1), target.y[rows])


def join_members(found: Sequence[Prediction]) -> tuple[Rows, NDArray[np.float64]]:
    """Put the members' probabilities for the same rows side by side.

    Returns
    -------
    rows : int64 array of shape (n_rows,)
        In ascending order.
    X : float64 array of shape (n_members, n_rows, n_classes)

    Raises
    ------
    UserError
        If a member has no probabilities, or members don't have the same rows.
    """
    n_members = len(found)
    rows = np.sort(found[0].rows)
    parts = []
    for number, one in enumerate(found):
        if one.probability is None:
            message = (
                f"fusion: member {number + 1} of {n_members} gives no probabilities. "
                f"Set its model's parameter 'calibrate', or take another model."
            )
            raise UserError(message)
        order = np.argsort(one.rows)
        if not np.array_equal(one.rows[order], rows):
            message = (
                f"fusion: member {number + 1} of {n_members} predicts "
                f"{len(one.rows):,} rows, member 1 {len(rows):,}, "
                f"{np.intersect1d(one.rows, rows).size} of them the same."
            )
            raise UserError(message)
        parts.append(one.probability[order].astype(np.float64))
    return rows, np.stack(parts)


KIND = Fuse()
