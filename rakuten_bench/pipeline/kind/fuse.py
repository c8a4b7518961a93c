"""Steps that combine members' predictions, aligned by row and class.

Weights and stackers learn from out-of-fold predictions of the members: for the
validation rows, or for folds inside the training rows; never from test rows.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.errors import Notice, UserError
from rakuten_bench.pipeline.fitting import (
    check_probabilities,
    most_probable,
    warn_of_notes,
)
from rakuten_bench.pipeline.kind import Predicting, Work
from rakuten_bench.pipeline.slot import Slots, known_target
from rakuten_bench.types import Prediction, Rows, Rule


class Fuse(Predicting):
    """Combines the predictions of several scenarios for the same rows."""

    seconds = 0.5

    def run(self, work: Work) -> Prediction:
        """Return the combined prediction for the test rows."""
        return fuse(work.make(), work.slots)

    def fit(self, work: Work) -> tuple[Rule, None]:
        """Return the rule, fitted if it has parameters."""
        rule = work.make()
        learn_rule(rule, work.slots)
        return rule, None

    def source(self, work: Work) -> NDArray[np.float64]:
        """Return the members' probabilities, (n_members, n_rows, n_classes)."""
        return np.stack(work.slots.members).astype(np.float64)


def fuse(rule: Rule, slots: Slots) -> Prediction:
    """Fit a rule, if it has parameters, and predict the test rows of a fold.

    Parameters
    ----------
    rule : estimator
        From `rakuten_bench.fusion.rule`.
    slots : Slots
        With the members' predictions for the test rows and for the inner folds.

    Raises
    ------
    UserError
        If a member has no probabilities, or members predict different rows.
    """
    start = time.perf_counter()
    learn_rule(rule, slots)
    learned = time.perf_counter()
    rows, X = join_members(slots.members)
    _warn_of_copies(X)
    probability = rule.predict_proba(X).astype(np.float32)
    check_probabilities(probability)
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
    """Warn of members with identical predictions, such as a file given twice."""
    for number, probability in enumerate(X):
        for other in range(number):
            if np.array_equal(X[other], probability):
                message = (
                    f"fusion: members {other + 1} and {number + 1} give the same "
                    f"probabilities for every row: this member counts twice"
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


def join_members(members: Sequence[Prediction]) -> tuple[Rows, NDArray[np.float64]]:
    """Align the members' probabilities by row.

    Returns
    -------
    rows : int64 array of shape (n_rows,)
        In ascending order.
    X : float64 array of shape (n_members, n_rows, n_classes)

    Raises
    ------
    UserError
        If a member has no probabilities, or members predict different rows.
    """
    n_members = len(members)
    rows = np.sort(members[0].rows)
    parts = []
    for number, member in enumerate(members):
        if member.probability is None:
            message = (
                f"fusion: member {number + 1} of {n_members} gives no probabilities. "
                f"Set its model's parameter 'calibrate', or choose another model."
            )
            raise UserError(message)
        order = np.argsort(member.rows)
        if not np.array_equal(member.rows[order], rows):
            message = (
                f"fusion: member {number + 1} of {n_members} predicts "
                f"{len(member.rows):,} rows, member 1 {len(rows):,}; "
                f"{np.intersect1d(member.rows, rows).size} rows are in both."
            )
            raise UserError(message)
        parts.append(member.probability[order].astype(np.float64))
    return rows, np.stack(parts)


KIND = Fuse()
