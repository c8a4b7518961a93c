"""Contract tests of all classical models."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone

from rakuten_bench import metrics
from rakuten_bench.errors import MissingPackage
from rakuten_bench.pipeline.kind.cluster import cluster
from rakuten_bench.pipeline.kind.estimate import estimate
from rakuten_bench.registry import MODEL, Option
from rakuten_bench.types import Folded

N_CLASSES = 5
MISSING = 2

#: Small enough for seconds; what an option has not is left out.
QUICK = {
    "n_estimators": 4,
    "n_components": 20,
    "max_iter": 30,
    "hidden": (16,),
    "batch_size": 20,
    "learning_rate": 0.05,
    "early_stopping": False,
}


def is_classical(option: Option) -> bool:
    """Return whether a model works on any features, without a network or a file."""
    is_free = not option.code and "torch" not in option.needs
    return "features" in option.reads and is_free


ALL = [option for option in MODEL.options("text") if is_classical(option)]
MODELS = [option for option in ALL if option.kind == "estimate"]
CLUSTERERS = [option for option in ALL if option.kind == "cluster"]
BOTH = [option for option in MODELS if "image" in option.modalities]


def rows(n_rows: int = 150, n_columns: int = 40):
    """Return rows like TF-IDF, of five classes; class 2 has no rows."""
    rng = np.random.default_rng(0)
    y = rng.choice([0, 1, 3, 4], n_rows, p=[0.4, 0.3, 0.2, 0.1]).astype(np.int32)
    words = rng.poisson(0.15, (n_rows, n_columns)) * rng.random((n_rows, n_columns))
    for label in (0, 1, 3, 4):
        words[y == label, label * 5 : label * 5 + 5] += 0.7 * rng.random(5)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    return words, y


def fold(kind: str = "sparse", dtype: str = "float32") -> tuple[Folded, np.ndarray]:
    X, y = rows()
    X = X.astype(dtype)
    X = csr_matrix(X) if kind == "sparse" else X
    train, test = np.arange(110), np.arange(110, 150)
    return Folded(X[train], X[test], y[train], train, test), y[test]


def make(option: Option, n_jobs: int = 1):
    try:
        option.versions()
    except MissingPackage as error:
        pytest.skip(str(error))
    quick = QUICK | ({"max_iter": 8} if option.kind == "cluster" else {})
    params = {name: value for name, value in quick.items() if name in option.parameters}
    return option.make(
        params=option.convert(params),
        random_state=7,
        n_jobs=n_jobs,
        n_classes=N_CLASSES,
        device="cpu",
    )


def predict(option: Option, folded: Folded, n_jobs: int = 1):
    """Fit and predict as the engine does; library warnings go to the record."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if option.kind == "cluster":
            return cluster(make(option, n_jobs), folded)
        return estimate(make(option, n_jobs), folded, N_CLASSES)


def by_name(option: Option) -> str:
    return option.name


@pytest.mark.parametrize("option", MODELS, ids=by_name)
def test_a_model_learns_an_easy_task(option):
    folded, y_test = fold()

    found = predict(option, folded)

    right = np.mean(found.predicted == y_test)
    assert right >= (0.3 if option.name == "dummy" else 0.7)
    assert set(found.predicted) <= {0, 1, 3, 4}


@pytest.mark.parametrize("option", MODELS, ids=by_name)
def test_probabilities_have_a_column_for_a_class_without_training_rows(option):
    folded, _ = fold()

    found = predict(option, folded)

    if found.probability is None:
        pytest.skip("gives no probabilities")
    assert found.probability.shape == (40, N_CLASSES)
    assert not found.probability[:, MISSING].any()
    np.testing.assert_allclose(found.probability.sum(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("option", BOTH, ids=by_name)
def test_a_model_of_both_modalities_takes_dense_rows(option):
    folded, y_test = fold("dense")

    found = predict(option, folded)

    assert np.mean(found.predicted == y_test) >= (
        0.3 if option.name == "dummy" else 0.7
    )


@pytest.mark.parametrize("option", ALL, ids=by_name)
def test_the_same_seed_gives_the_same_predictions(option):
    folded, _ = fold()

    one, two = predict(option, folded), predict(option, folded, n_jobs=2)

    np.testing.assert_array_equal(one.predicted, two.predicted)
    np.testing.assert_array_equal(one.probability, two.probability)


@pytest.mark.parametrize("option", ALL, ids=by_name)
def test_a_model_clones_and_pickles(option):
    folded, _ = fold()
    model = clone(make(option))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(folded.train, folded.y)

    again = pickle.loads(pickle.dumps(model))

    expected = np.asarray(model.predict(folded.test))
    np.testing.assert_array_equal(np.asarray(again.predict(folded.test)), expected)


@pytest.mark.parametrize("option", ALL, ids=by_name)
def test_a_model_leaves_what_it_reads_as_it_is(option):
    folded, _ = fold()  # others read the same memory-mapped file
    for matrix in (folded.train, folded.test):
        for array in (matrix.data, matrix.indices, matrix.indptr):
            array.flags.writeable = False
    folded.y.flags.writeable = False

    found = predict(option, folded)

    assert len(found.predicted) == 40


@pytest.mark.parametrize("kind", ["sparse", "dense"])
@pytest.mark.parametrize("option", CLUSTERERS, ids=by_name)
def test_a_clusterer_finds_as_many_clusters_as_classes(option, kind):
    folded, y_test = fold(kind)

    found = predict(option, folded)

    table = metrics.count_clusters(y_test, found.predicted, N_CLASSES)
    assert metrics.adjusted_rand_index(table) > 0.15
    assert set(found.predicted) <= set(range(N_CLASSES))
    assert found.predicted.dtype == np.int32
    assert found.probability is None


@pytest.mark.parametrize("option", CLUSTERERS, ids=by_name)
def test_permuted_labels_change_nothing_in_a_clustering(option):
    folded, _ = fold()
    permuted = np.random.default_rng(0).permutation(folded.y)

    one = predict(option, folded)
    two = predict(option, replace(folded, y=permuted))
    none = predict(option, replace(folded, y=None))

    np.testing.assert_array_equal(one.predicted, two.predicted)
    np.testing.assert_array_equal(one.predicted, none.predicted)


@pytest.mark.parametrize("option", CLUSTERERS, ids=by_name)
def test_a_clustering_never_sees_the_test_rows(option):
    folded, _ = fold()
    X = folded.test.toarray()
    X[1:, :5] = 9.0  # a canary in every test row but the first

    one = predict(option, folded)
    two = predict(option, replace(folded, test=csr_matrix(X)))

    assert one.predicted[0] == two.predicted[0]


@pytest.mark.parametrize("option", CLUSTERERS, ids=by_name)
def test_the_number_of_clusters_can_be_given(option):
    folded, _ = fold()

    model = option.make(params={"n_clusters": 2}, random_state=7, n_classes=N_CLASSES)

    assert set(cluster(model, folded).predicted) == {0, 1}
