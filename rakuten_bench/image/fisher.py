"""Fisher vectors: how an image's descriptors differ from a mixture of Gaussians."""

from __future__ import annotations

import warnings
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from rakuten_bench.image.descriptor import Descriptors
from rakuten_bench.image.word import iter_batches, root_descriptors

_SAMPLES_PER_COMPONENT = 1000


class FisherVector(TransformerMixin, BaseEstimator):
    """Encode images by the gradient of a mixture's means and variances.

    With power and L2 normalization (Perronnin, Sánchez & Mensink, Improving the Fisher
    kernel for large-scale image classification, 2010), on descriptors reduced by PCA
    and augmented by their position in the image (Sánchez, Perronnin & de Campos 2012).

    Parameters
    ----------
    n_components : int
        Number of Gaussians, 64 to 256.
    n_dims : int
        Length of a descriptor after PCA.
    root : bool
        Compare square roots of the descriptors (RootSIFT).
    place : bool
        Whether to append the position in the image.
    random_state : int or None

    Attributes
    ----------
    pca_, mixture_ : fitted scikit-learn estimators
    """

    def __init__(
        self,
        n_components: int = 64,
        n_dims: int = 64,
        root: bool = True,
        place: bool = True,
        random_state: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_dims = n_dims
        self.root = root
        self.place = place
        self.random_state = random_state

    def fit(self, X: Descriptors, y: object = None) -> Self:
        """Learn PCA and mixture from a sample of the rows' descriptors."""
        n_samples = _SAMPLES_PER_COMPONENT * self.n_components
        values, places = X.sample(n_samples, self.random_state)
        if len(values) < 2:  # almost no image has a descriptor
            values = np.eye(2, X.n_dims, dtype=np.float32)
            places = np.zeros((2, 2), dtype=np.uint8)
        values = self._transform_root(values)
        n_dims = min(self.n_dims, *values.shape)
        self.pca_ = PCA(n_dims, random_state=self.random_state).fit(values)
        self.mixture_ = self._fit_mixture(self._reduce(values, places))
        return self

    def transform(self, X: Descriptors) -> NDArray[np.float32]:
        """Return the Fisher vector of each row; zeros for a row without descriptors.

        Returns
        -------
        float32 array of shape (n_rows, 2 * n_components * (n_dims + 2))
        """
        vectors = np.zeros((len(X), 2 * self.mixture_.means_.size), dtype=np.float32)
        for rows, values, places in iter_batches(X):
            points = self._reduce(self._transform_root(values), places)
            weights = self.mixture_.predict_proba(points).astype(np.float32)
            starts = np.flatnonzero(np.diff(rows, prepend=-1))
            ends = np.append(starts[1:], len(rows))
            for start, end in zip(starts, ends, strict=True):
                part = slice(start, end)
                vectors[rows[start]] = fisher_gradient(
                    self.mixture_, points[part], weights[part]
                )
        vectors = np.sign(vectors) * np.sqrt(np.abs(vectors))
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(length, np.float32(1e-12))

    def _transform_root(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return root_descriptors(values) if self.root else values

    def _reduce(
        self, values: NDArray[np.float32], places: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        reduced = self.pca_.transform(values).astype(np.float32)
        if not self.place:
            return reduced
        # scaled to the variance of the first component, or the mixture would ignore them
        scale = np.float32(np.sqrt(self.pca_.explained_variance_[0]) / 74)
        return np.hstack([reduced, (places.astype(np.float32) - 128) * scale])

    def _fit_mixture(self, points: NDArray[np.float32]) -> GaussianMixture:
        mixture = GaussianMixture(
            min(self.n_components, len(points)),
            covariance_type="diag",
            init_params="random_from_data",
            max_iter=30,
            tol=1e-2,
            reg_covar=1e-6,
            random_state=self.random_state,
        )
        with warnings.catch_warnings():
            # EM stops after 30 iterations on purpose, converged or not
            warnings.simplefilter("ignore", ConvergenceWarning)
            return mixture.fit(points.astype(np.float64))


def fisher_gradient(
    mixture: GaussianMixture,
    points: NDArray[np.float32],
    weights: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the gradients of a mixture's log-likelihood, normalized.

    To the means and to the variances: Sánchez et al. 2013, equations 16 to 18.

    Parameters
    ----------
    mixture : GaussianMixture
        Fitted, with diagonal covariances.
    points : float32 array of shape (n_points, n_dims)
    weights : float32 array of shape (n_points, n_components)
        Probability of each component for each point.

    Returns
    -------
    float32 array of shape (2 * n_components * n_dims,)
    """
    mass = weights.sum(axis=0)[:, None]
    first = weights.T @ points
    second = weights.T @ points**2
    means, variances = mixture.means_, mixture.covariances_
    roots = np.sqrt(mixture.weights_)[:, None] * len(points)
    to_means = (first - mass * means) / np.sqrt(variances) / roots
    spread = second - 2 * first * means + mass * means**2
    to_variances = (spread / variances - mass) / (roots * np.sqrt(2))
    return np.concatenate([to_means, to_variances]).ravel().astype(np.float32)
