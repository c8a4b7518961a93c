"""Principal components of dense features, fitted on training rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA

from rakuten_bench.errors import UserError
from rakuten_bench.image.component import Components


@pytest.fixture
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(80, 4)) @ rng.normal(size=(4, 20)) * 9).astype(np.float32)


@pytest.mark.parametrize("whiten", [False, True])
def test_components_are_scikit_learns(X, whiten):
    found = Components(4, whiten=whiten, random_state=0).fit_transform(X)

    expected = PCA(4, whiten=whiten, svd_solver="full").fit_transform(X)
    assert found.dtype == np.float32
    assert np.allclose(abs(found), abs(expected), rtol=1e-2, atol=1e-2)


def test_a_share_of_the_variance_selects_the_number_of_components(X):
    model = Components(0.999).fit(X)

    assert model.pca_.n_components_ == 4
    assert model.notes_ == ()


def test_more_components_than_rows_are_lowered_with_a_note(X):
    model = Components(300, random_state=0).fit(X[:7])

    assert model.transform(X).shape == (80, 7)
    assert model.notes_ == ("pca: 300 components lowered to 7",)


def test_memory_mapped_bytes_are_accepted(X, tmp_path):
    values = (X - X.min()).astype(np.uint8)
    np.save(tmp_path / "a.npy", values)

    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")

    model = Components(3, random_state=0)
    assert np.array_equal(
        model.fit_transform(mapped), clone(model).fit_transform(values)
    )


def test_transforming_does_not_change_the_input(X):
    model = Components(3, random_state=0).fit(X[:60])
    before = model.pca_.components_.copy()

    model.transform(np.full((5, 20), 1e6, dtype=np.float32))

    assert np.array_equal(model.pca_.components_, before)


@pytest.mark.parametrize("wanted", [0, -1, -0.5])
def test_no_components_are_refused(X, wanted):
    with pytest.raises(UserError, match="must be above 0"):
        Components(wanted).fit(X)
