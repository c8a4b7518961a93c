"""Calibration with small classes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import LinearSVC

from rakuten_bench.division.holding import iter_folds
from rakuten_bench.estimator.calibration import Calibrated


def points(*sizes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return classes of points around different centers."""
    y = np.repeat(np.arange(len(sizes)), sizes)
    noise = np.random.default_rng(0).normal(size=(len(y), len(sizes)))
    return 3 * np.eye(len(sizes))[y] + noise, y


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_classes_of_enough_rows_are_calibrated_as_by_scikit_learn(method: str):
    X, y = points(9, 12, 15)

    ours = Calibrated(LinearSVC(random_state=0), method).fit(X, y)

    theirs = CalibratedClassifierCV(
        LinearSVC(random_state=0), method=method, cv=3, ensemble=False
    ).fit(X, y)
    assert np.array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    assert ours.notes_ == ()


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("sizes", [(2, 30, 30), (1, 30, 30), (1, 1, 2, 40)])
def test_a_small_class_does_not_prevent_the_calibration_of_others(
    method: str, sizes: tuple[int, ...]
):
    X, y = points(*sizes)

    model = Calibrated(LinearSVC(random_state=0), method).fit(X, y)

    probability = model.predict_proba(X)
    assert np.isfinite(probability).all()
    assert np.allclose(probability.sum(axis=1), 1)
    assert model.calibration_ is not None
    assert (model.predict(X) == y)[y >= len(sizes) - 2].mean() > 0.8
    single = sum(size == 1 for size in sizes)
    assert bool(model.notes_) == bool(single)


def test_without_two_rows_of_any_class_calibration_is_skipped():
    X, y = points(1, 1, 1)

    model = Calibrated(LinearSVC(random_state=0)).fit(X, y)

    assert model.notes_ == (
        "calibration is impossible: no class has two training rows",
    )
    assert set(np.unique(model.predict_proba(X))) == {0.0, 1.0}


def test_every_row_calibrates_once_and_every_class_is_learned_in_every_fold():
    y = np.repeat(np.arange(60), [1] * 10 + [2] * 40 + [3] * 10)

    folds = list(iter_folds(y, 3))

    tests = np.concatenate([test for _, test in folds])
    assert sorted(tests) == list(range(len(y)))
    assert np.ptp([len(test) for _, test in folds]) <= 1
    for train, test in folds:
        assert set(y[train]) == set(range(60))
        assert all((y == label).sum() == 1 for label in y[np.intersect1d(train, test)])
