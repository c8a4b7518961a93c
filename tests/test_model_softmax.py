"""Logistic regression of our own against scikit-learn's."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from rakuten_bench.estimator.product import Products
from rakuten_bench.estimator.softmax import SoftmaxRegression


def counts(n_rows: int = 120, n_columns: int = 60, n_classes: int = 4):
    """Return word counts whose classes overlap, and the classes."""
    rng = np.random.default_rng(0)
    y = rng.choice(
        n_classes,
        n_rows,
        p=[0.5, 0.3, 0.15, 0.05][:n_classes]
        / np.sum([0.5, 0.3, 0.15, 0.05][:n_classes]),
    )
    rates = rng.exponential(0.3, (n_classes, n_columns))
    return csr_matrix(rng.poisson(rates[y]).astype(np.float64)), y


def peer(C: float = 1.0, class_weight: str | None = None) -> LogisticRegression:
    return LogisticRegression(C=C, class_weight=class_weight, tol=1e-8, max_iter=5000)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("C", [0.1, 10.0])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_it_minimises_what_scikit_learn_minimises(C, class_weight, n_classes):
    X, y = counts(n_classes=n_classes)

    mine = SoftmaxRegression(C, class_weight, tol=1e-6).fit(X, y)

    expected = peer(C, class_weight).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(mine.predict_proba(X), expected, atol=2e-4)


def test_dense_rows_give_what_sparse_rows_give():
    X, y = counts()

    dense = SoftmaxRegression(tol=1e-6).fit(X.toarray(), y)

    sparse = SoftmaxRegression(tol=1e-6).fit(X, y)
    np.testing.assert_allclose(dense.coef_, sparse.coef_, atol=1e-4)
    np.testing.assert_array_equal(dense.predict(X.toarray()), sparse.predict(X))


def test_threads_do_not_change_a_bit():
    X, y = counts()

    one, three = (SoftmaxRegression(n_jobs=n).fit(X, y) for n in (1, 3))

    np.testing.assert_array_equal(one.coef_, three.coef_)
    np.testing.assert_array_equal(one.intercept_, three.intercept_)


def test_a_row_of_weight_two_counts_as_two_rows():
    X, y = counts()
    weight = np.where(np.arange(len(y)) < 40, 2.0, 1.0)
    twice = np.concatenate([np.arange(len(y)), np.arange(40)])

    weighed = SoftmaxRegression(tol=1e-6).fit(X, y, sample_weight=weight)

    repeated = SoftmaxRegression(tol=1e-6).fit(X[twice], y[twice])
    np.testing.assert_allclose(weighed.coef_, repeated.coef_, atol=1e-4)


def test_classes_keep_their_numbers():
    X, y = counts()

    model = SoftmaxRegression().fit(X, y * 10 + 3)

    assert model.classes_.tolist() == [3, 13, 23, 33]
    assert set(model.predict(X)) <= set(model.classes_)


def test_it_says_that_it_did_not_converge():
    X, y = counts()

    model = SoftmaxRegression(max_iter=1, tol=1e-9).fit(X, y)

    assert model.notes_ == ("logreg: not converged after 1 steps",)


def test_it_clones_and_pickles():
    X, y = counts()
    model = SoftmaxRegression(C=3.0, n_jobs=2).fit(X, y)

    again = pickle.loads(pickle.dumps(model))

    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_products_are_those_of_numpy(dense, n_jobs):
    X, _ = counts()
    full = np.column_stack([X.toarray(), np.ones(X.shape[0])])
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(X.shape[1] + 1, 3)).astype(np.float32)
    values = rng.normal(size=(X.shape[0], 3)).astype(np.float32)

    with Products(X.toarray() if dense else X, n_jobs) as rows:
        dot, tdot, square = (
            rows.dot(weights),
            rows.tdot(values),
            rows.square_tdot(values),
        )
        back = rows.in_order(weights)

    order = np.arange(X.shape[1]) if rows.order is None else rows.order
    held = full[:, [*order, X.shape[1]]]
    np.testing.assert_allclose(dot, held @ weights, atol=1e-4)
    np.testing.assert_allclose(tdot, held.T @ values, atol=1e-3)
    np.testing.assert_allclose(square, np.square(held).T @ values, atol=1e-3)
    np.testing.assert_array_equal(back[order], weights[:-1])
