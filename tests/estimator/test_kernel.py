"""Kernel machines on a precomputed Gram matrix, compared with scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC

from rakuten_bench.estimator.kernel import Gram, GramMap, KernelSVC, RbfMap
from rakuten_bench.plan.build import build_plan
from rakuten_bench.scenario import from_words


def rows(n_rows: int = 140, n_classes: int = 4):
    rng = np.random.default_rng(0)
    share = np.arange(n_classes, 0, -1) / sum(range(n_classes + 1))
    y = rng.choice(n_classes, n_rows, p=share)
    X = rng.poisson(0.4, (n_rows, 30)) + rng.exponential(1.0, (n_classes, 30))[y]
    return csr_matrix(X * (X > 0.6)), y


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize(
    ("kind", "gamma"), [("rbf", "scale"), ("rbf", 0.05), ("linear", "scale")]
)
@pytest.mark.parametrize("most", [100, 50], ids=["on products", "on rows"])
@pytest.mark.parametrize("dense", [True, False], ids=["dense", "sparse"])
def test_decisions_equal_those_of_scikit_learn(
    dense, most, kind, gamma, class_weight, n_classes
):
    X, y = rows(n_classes=n_classes)
    X = X.toarray() if dense else X
    train, test = X[:100], X[100:]
    peer = SVC(kernel=kind, gamma=gamma, class_weight=class_weight).fit(train, y[:100])
    products = GramMap(max_rows=most)

    model = KernelSVC(kernel=kind, gamma=gamma, class_weight=class_weight)
    model.fit(products.fit_transform(train), y[:100])

    seen = products.transform(test)
    np.testing.assert_array_equal(model.predict(seen), peer.predict(test))
    np.testing.assert_allclose(
        model.decision_function(seen), peer.decision_function(test), atol=5e-3
    )


def test_a_part_of_the_training_rows_is_fitted_as_if_it_were_all():
    X, y = rows()
    part = np.arange(0, 100, 2)
    products = GramMap()
    gram = products.fit_transform(X[:100])

    model = KernelSVC(gamma=0.05).fit(gram[part], y[part])

    peer = SVC(gamma=0.05).fit(X[part], y[part])
    seen = products.transform(X[100:])
    np.testing.assert_array_equal(model.predict(seen), peer.predict(X[100:]))


def test_probabilities_are_calibrated_on_folds_of_the_products():
    X, y = rows()
    products = GramMap()
    gram = products.fit_transform(X[:100])
    model = CalibratedClassifierCV(KernelSVC(gamma=0.05), cv=3, ensemble=False)

    found = clone(model).fit(gram, y[:100]).predict_proba(products.transform(X[100:]))

    plain = CalibratedClassifierCV(SVC(gamma=0.05), cv=3, ensemble=False)
    expected = plain.fit(X[:100], y[:100]).predict_proba(X[100:])
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_too_many_training_rows_are_passed_on_unchanged():
    X, _ = rows()

    products = GramMap(max_rows=50).fit(X)

    assert products.transform(X) is X


def test_a_selection_of_rows_keeps_all_training_rows():
    X, _ = rows()
    some = np.array([3, 1])

    part = GramMap().fit_transform(X)[some]

    assert isinstance(part, Gram)
    np.testing.assert_allclose(part.products, (X[some] @ X.T).toarray())
    np.testing.assert_array_equal(part.train_rows, some)


def test_machines_on_the_same_features_share_their_products():
    machines = [{"C": 1.0}, {"C": 10.0}, {"kernel": "linear"}, {"gamma": 0.1}]
    scenarios = [from_words({"model": "svc"}, {"model": one}) for one in machines]

    plan = build_plan(scenarios, dataset="d", split="s", folds=["0"], seed=1)

    made = [
        step for step in plan.steps.values() if step.choices[0].option == "products"
    ]
    assert len(made) == 1
    assert str(made[0].fold) == "0"  # learned from the training rows of its fold


@pytest.mark.parametrize("size", [0.01, 1.0, 255.0])
@pytest.mark.parametrize("dense", [True, False], ids=["dense", "sparse"])
def test_the_map_adapts_to_the_scale_of_the_features(dense, size):
    X, _ = rows()
    X = X.toarray() if dense else X
    train, test = X[:100] * size, X[100:] * size
    kernel = rbf_kernel(test, train, gamma=SVC().fit(train, rows()[1][:100])._gamma)

    mapped = RbfMap(n_components=100).fit(train)

    products = mapped.transform(test) @ mapped.transform(train).T
    np.testing.assert_allclose(products, kernel, atol=1e-6)
