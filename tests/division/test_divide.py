"""How rows are divided: complete, groups together, classes and sizes even."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from rakuten_bench.division import count_groups, divide

Array = np.ndarray


def counts(y: Array, part: Array, n_parts: int) -> Array:
    found = np.zeros((int(y.max()) + 1, n_parts), dtype=int)
    np.add.at(found, (y, part), 1)
    return found


def spread(values: Array, axis: int = -1) -> Array:
    return values.max(axis=axis) - values.min(axis=axis)


def even(n_parts: int) -> list[float]:
    return [1 / n_parts] * n_parts


def shop(n_small: int, rows: int, big: int = 4, each: int = 30) -> Array:
    """Return labels: small classes of a few rows before a few big ones."""
    small = np.repeat(np.arange(n_small), rows)
    return np.concatenate([small, n_small + np.repeat(np.arange(big), each)])


@pytest.mark.parametrize("rows", [2, 3, 4, 6, 7])
@pytest.mark.parametrize("n_parts", [3, 5, 8])
def test_parts_are_equal_however_many_small_classes_there_are(rows: int, n_parts: int):
    y = shop(150, rows)

    part = divide(y, np.arange(len(y)), even(n_parts), 123)

    assert spread(np.bincount(part, minlength=n_parts)) <= 1
    assert spread(counts(y, part, n_parts)).max() <= 1


def test_a_class_of_equal_groups_is_spread_to_within_one_group():
    y = np.repeat(shop(60, 3, big=2, each=20), 2)
    groups = np.repeat(np.arange(len(y) // 2), 2)

    part = divide(y, groups, even(5), 0)

    assert spread(np.bincount(part)) <= 2
    assert spread(counts(y, part, 5)).max() <= 2


def test_where_only_one_fold_can_have_a_class_the_folds_are_filled_in_turn():
    y = np.arange(40)

    part = divide(y, np.arange(40), even(4), 0)

    assert np.bincount(part).tolist() == [10, 10, 10, 10]


def test_a_holdout_takes_its_share_though_no_class_divides_evenly():
    y = np.repeat(np.arange(1000), 7)

    part = divide(np.append(y, [1000] * 4), np.arange(7004), [0.8, 0.2], 1)

    assert abs((part == 1).sum() - 1401) <= 1


def test_a_class_with_two_groups_is_in_training_and_test_before_validation():
    y = np.repeat([0, 1], [20, 100])
    groups = np.concatenate([np.repeat([0, 1], 10), np.arange(2, 102)])

    part = divide(y, groups, [0.7, 0.1, 0.2], 0)

    assert counts(y, part, 3)[0].tolist() == [10, 10, 0]


def test_a_group_larger_than_a_fold_leaves_the_others_even():
    y = np.repeat([0, 1], [300, 60])
    groups = np.concatenate([np.zeros(200, int), np.arange(1, 161)])

    part = divide(y, groups, even(5), 0)

    assert spread(np.delete(np.bincount(part), part[0])) <= 1


ROWS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 40)), min_size=12, max_size=150
)


@settings(deadline=None, max_examples=150)
@given(rows=ROWS, n_parts=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
def test_folds_are_complete_and_even_and_groups_stay_together(
    rows: list[tuple[int, int]], n_parts: int, seed: int
):
    y = np.array([label for label, _ in rows], dtype=np.int32)
    groups = np.array([group for _, group in rows])
    size = np.unique(groups, return_counts=True)[1]
    assume(len(size) >= n_parts)

    part = divide(y, groups, even(n_parts), seed)

    assert part.shape == y.shape
    assert set(part.tolist()) == set(range(n_parts))  # none is empty
    assert len(np.unique(np.stack([groups, part]), axis=1).T) == len(size)
    assert spread(np.bincount(part)) <= max(size)
    assert np.array_equal(part, divide(y, groups, even(n_parts), seed))


@settings(deadline=None, max_examples=150)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=10, max_size=80),
    n_classes=st.integers(1, 12),
    n_parts=st.integers(2, 6),
    seed=st.integers(0, 1000),
)
def test_every_class_is_in_as_many_folds_as_it_has_groups(
    sizes: list[int], n_classes: int, n_parts: int, seed: int
):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    y = groups % n_classes

    part = divide(y, groups, even(n_parts), seed)

    known = counts(y, part, n_parts)
    expected = np.minimum(count_groups(y, groups), n_parts)
    assert (known > 0).sum(axis=1).tolist() == expected.tolist()
    assert spread(known).max() <= max(sizes)


@settings(deadline=None, max_examples=100)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=30, max_size=120),
    share=st.sampled_from([0.05, 0.1, 0.2, 0.35]),
    n_classes=st.integers(1, 15),
    seed=st.integers(0, 1000),
)
def test_every_class_with_two_groups_is_on_both_sides_of_a_holdout(
    sizes: list[int], share: float, n_classes: int, seed: int
):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    y = groups % n_classes

    part = divide(y, groups, [1 - share, share], seed)

    known = counts(y, part, 2)
    assert (known[count_groups(y, groups) >= 2] > 0).all()
    wanted = np.maximum(share * known.sum(axis=1), 1)
    assert np.abs(known[:, 1] - wanted).max() <= 4


def test_folds_are_at_least_as_even_as_those_of_scikit_learn():
    """Over random classes and groups, where scikit-learn's heuristic is at its best."""
    ours, theirs = [], []
    for seed in range(25):
        random = np.random.default_rng(seed)
        y = np.repeat(np.arange(10), random.integers(2, 60, 10))
        groups = random.integers(0, len(y) // 2, len(y)) * 10 + y
        part = divide(y, groups, even(5), seed)
        ours.append(unevenness(y, part))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            peer = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
            for fold, (_, test) in enumerate(peer.split(y, y, groups)):
                part[test] = fold
        theirs.append(unevenness(y, part))

    assert (np.mean(ours, axis=0) <= np.mean(theirs, axis=0) + 1e-9).all()


def unevenness(y: Array, part: Array) -> tuple[float, float]:
    """Return the spread of sizes and the mean deviation of the classes' shares."""
    known = counts(y, part, 5)
    shares = known / known.sum(axis=1, keepdims=True)
    return float(spread(known.sum(axis=0))), float(shares.std(axis=1).mean())
