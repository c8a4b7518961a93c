"""Splits inside the training rows keep groups together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC

from rakuten_bench.division.holding import hold_out, iter_folds
from rakuten_bench.estimator.calibration import Calibrated
from rakuten_bench.estimator.stopping import StoppedEarly
from rakuten_bench.pipeline import fitting
from rakuten_bench.types import Folded


def pairs(n_groups: int = 60, n_classes: int = 3) -> tuple[np.ndarray, ...]:
    """Return features, labels and groups of rows that are each there twice."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(n_groups) % n_classes, 2)
    X = np.repeat(rng.normal(size=(n_groups, 4)), 2, axis=0) + y[:, None]
    return X, y, np.repeat(np.arange(n_groups), 2)


def test_no_group_is_held_out_in_part():
    _, y, groups = pairs()

    train, held = hold_out(y, 0.2, 0, groups)

    assert not {*groups[train]} & {*groups[held]}
    assert sorted([*train, *held]) == list(range(len(y)))
    assert np.bincount(y[held]).tolist() == [8, 8, 8]


def test_rows_that_are_all_apart_are_held_out_as_without_groups():
    y = np.repeat([0, 1, 2], [50, 20, 1])

    with_groups = hold_out(y, 0.2, 3, np.arange(71)[::-1].copy())

    assert len(with_groups[1]) == 14
    assert all(
        map(np.array_equal, hold_out(y, 0.2, 3, np.arange(71)), hold_out(y, 0.2, 3))
    )


def test_a_class_of_one_group_stays_in_training():
    y = np.array([0] * 20 + [1] * 6)
    groups = np.array([*range(20), *[20] * 6])

    train, held = hold_out(y, 0.3, 0, groups)

    assert set(y[held]) == {0}
    assert set(y[train]) == {0, 1}


def test_a_class_whose_rows_are_in_groups_of_others_is_never_held_out_whole():
    y = np.array([0, 1] * 10 + [0] * 40)
    groups = np.array([*np.repeat(range(10), 2), *range(10, 50)])

    for seed in range(20):
        train, held = hold_out(y, 0.5, seed, groups)
        assert set(y[train]) == {0, 1}
        assert not {*groups[train]} & {*groups[held]}


def test_folds_part_no_group_and_learn_every_class():
    _, y, groups = pairs()
    y = np.append(y, [3, 3])
    groups = np.append(groups, [99, 99])

    folds = list(iter_folds(y, 3, groups))

    assert sorted(np.concatenate([held for _, held in folds])) == list(range(len(y)))
    for train, held in folds:
        assert {*y[train]} == {0, 1, 2, 3}
        assert {*groups[train]} & {*groups[held]} <= {99}


class Recorder(LinearSVC):
    """Remembers which rows each fit has seen, by their first feature."""

    seen: ClassVar[list[set[float]]] = []

    def fit(self, X: Any, y: Any) -> Any:
        Recorder.seen.append(set(X[:, 0]))
        return super().fit(X, y)


def test_a_calibration_parts_no_duplicates():
    X, y, groups = pairs()
    Recorder.seen.clear()

    Calibrated(Recorder()).fit(X, y, groups=groups)

    whole, *parts = sorted(Recorder.seen, key=len, reverse=True)
    folds = [part for part in parts if len(part) < len(whole)]
    assert [len(whole) - len(part) for part in folds] == [20, 20, 20]


def test_a_calibration_without_duplicates_is_scikit_learns():
    X, y, _ = pairs()

    alone = Calibrated(LinearSVC(random_state=0)).fit(X, y).predict_proba(X)
    given = Calibrated(LinearSVC(random_state=0)).fit(X, y, groups=np.arange(len(y)))

    assert np.array_equal(alone, given.predict_proba(X))


def test_a_network_stops_early_on_rows_that_are_no_copies():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(100, 20)), 2, axis=0)
    y = np.repeat(rng.integers(0, 2, 100), 2)  # nothing to learn but copies
    groups = np.repeat(np.arange(100), 2)
    network = MLPClassifier(
        (64,), learning_rate_init=0.01, max_iter=60, early_stopping=True, random_state=0
    )

    parted = StoppedEarly(network).fit(X, y)
    kept = StoppedEarly(network).fit(X, y, groups=groups)

    assert parted.model_.n_iter_ > 0
    assert kept.model_.t_ <= 0.9 * 200 * 60
    assert kept.predict_proba(X).shape == (200, 2)
    assert kept.score(X, y) < parted.score(X, y)


class Grouped(LinearSVC):
    def fit(self, X: Any, y: Any, groups: Any = None) -> Any:
        self.groups_ = groups
        return super().fit(X, y)


@pytest.mark.parametrize("made", [(), (5, 6)])
def test_a_model_that_splits_its_rows_gets_their_groups(made):
    X, y, groups = pairs(10)
    rows = np.arange(4, 20)
    rows[list(made)] = -1
    folded = Folded(X[4:20], X[:4], y[4:20], rows, np.arange(4))

    model = fitting.fit(Grouped(), folded, groups)

    expected = groups[4:20].copy()
    expected[list(made)] = [10, 11][: len(made)]
    assert model.groups_.tolist() == expected.tolist()
