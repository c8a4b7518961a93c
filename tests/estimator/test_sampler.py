"""Samplers change training rows only, keep sparsity, and support small classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, issparse

from rakuten_bench.pipeline.kind.resample import resample
from rakuten_bench.registry import SAMPLER
from rakuten_bench.types import Folded

NAMES = [option.name for option in SAMPLER.options("text") if not option.is_off]


def made_up(counts=(40, 20, 8), seed=0):
    """Return rows of three classes that overlap a little."""
    generator = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    X = generator.random((len(y), 12)) * (generator.random((len(y), 12)) < 0.6)
    X[:, :3] += np.eye(3)[y % 3] * 0.8
    return X, y


def sampler(name, **params):
    option = SAMPLER.find("text", name)
    return option.make(params=option.convert(params), random_state=5, n_jobs=1)


def folded(X, y):
    n_train = len(y) - 6
    rows = np.random.default_rng(1).permutation(len(y))
    train, test = np.sort(rows[:n_train]), np.sort(rows[n_train:])
    return Folded(X[train], X[test], y[train], train, test)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
def test_every_sampler_keeps_the_kind_of_rows_and_all_classes(name, sparse):
    X, y = made_up()
    X = csr_matrix(X) if sparse else X

    rows, labels = sampler(name).fit_resample(X, y)

    assert issparse(rows) == sparse
    assert rows.shape[0] == len(labels)
    assert set(labels) == {0, 1, 2}


@pytest.mark.parametrize("name", NAMES)
def test_every_sampler_gives_the_same_rows_twice(name):
    X, y = made_up()

    first, second = (sampler(name).fit_resample(csr_matrix(X), y) for _ in range(2))

    assert (first[0] != second[0]).nnz == 0
    assert np.array_equal(first[1], second[1])


@pytest.mark.parametrize("name", NAMES)
def test_test_rows_are_not_changed(name):
    X, y = made_up()
    before = folded(csr_matrix(X), y)

    after = resample(sampler(name), before)

    assert (after.test != before.test).nnz == 0
    assert np.array_equal(after.test_rows, before.test_rows)
    assert not set(after.train_rows) & set(after.test_rows)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::rakuten_bench.errors.Notice")
def test_a_class_of_one_or_two_rows_does_not_crash(name):
    X, y = made_up(counts=(30, 2, 1))

    rows, labels = sampler(name).fit_resample(csr_matrix(X), y)

    assert set(labels) == {0, 1, 2}
    assert rows.shape[0] == len(labels)


@pytest.mark.parametrize("name", ["smote", "adasyn"])
def test_fewer_neighbours_cause_a_note(name):
    X, y = made_up(counts=(30, 20, 3))
    made = sampler(name)

    made.fit_resample(X, y)

    assert any("k_neighbors lowered to 2" in note for note in made.notes_)


def test_smote_and_adasyn_synthesize_new_rows():
    X, y = made_up()

    smote, adasyn = (
        sampler(name).fit_resample(X, y)[0] for name in ("smote", "adasyn")
    )

    assert smote.shape != adasyn.shape or not np.allclose(smote, adasyn)


@given(
    counts=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    least=st.integers(0, 30),
    extra=st.integers(0, 40),
)
def test_bounds_hold_for_every_class(counts, least, extra):
    y = np.repeat(np.arange(len(counts)), counts)
    X = np.arange(len(y), dtype=float).reshape(-1, 1)

    made = sampler("floor_cap", least=least, most=least + extra + 1)
    rows, labels = made.fit_resample(X, y)

    sizes = np.bincount(labels, minlength=len(counts))
    wanted = np.clip(counts, least, least + extra + 1)
    assert sizes.tolist() == wanted.tolist()
    assert np.array_equal(y[made.sample_indices_], labels)
    assert np.array_equal(X[made.sample_indices_], rows)


def test_cap_drops_only_above_the_cap():
    X, y = made_up(counts=(40, 20, 8))

    _, labels = sampler("cap", most=15).fit_resample(X, y)

    assert np.bincount(labels).tolist() == [15, 15, 8]


def test_enn_keeps_a_class_that_would_lose_all_rows():
    X = np.random.default_rng(0).random((15, 2)) * 0.01
    X[10:13] = X[:3]  # the second class lies inside the first
    X[13:] += 5
    y = np.array([0] * 10 + [1] * 3 + [2] * 2)

    made = sampler("enn")
    _, labels = made.fit_resample(X, y)

    assert (labels == 1).sum() == 3
    assert any("would lose all rows" in note for note in made.notes_)
