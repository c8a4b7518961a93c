"""Patches of pixels compared with a learned dictionary of patches."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from rakuten_bench.image.word import learn_words

_BATCH = 64


class PatchWords(TransformerMixin, BaseEstimator):
    """Pool the similarities of an image's patches to learned patches in a grid.

    Patches are normalized in mean and contrast, whitened (ZCA) and compared by the
    "triangle" activation (Coates, Lee & Ng, An analysis of single-layer networks in
    unsupervised feature learning, 2011).

    Parameters
    ----------
    n_words : int
        Number of patches in the dictionary.
    patch, step : int
        Side of a patch, and distance between patches, in pixels.
    pool : int
        Cells of the grid along each side.
    n_samples : int
        Number of patches to learn the dictionary from.
    random_state : int or None

    Attributes
    ----------
    mean_ : float32 array of shape (n_dims,)
    whitening_ : float32 array of shape (n_dims, n_dims)
    words_ : float32 array of shape (n_words, n_dims)
    """

    def __init__(
        self,
        n_words: int = 400,
        patch: int = 6,
        step: int = 1,
        pool: int = 2,
        n_samples: int = 100_000,
        random_state: int | None = None,
    ) -> None:
        self.n_words = n_words
        self.patch = patch
        self.step = step
        self.pool = pool
        self.n_samples = n_samples
        self.random_state = random_state

    def fit(self, X: NDArray[np.uint8], y: object = None) -> Self:
        """Learn whitening and dictionary from patches of some rows.

        Parameters
        ----------
        X : uint8 array of shape (n_rows, size, size, 3)
        """
        patches = normalize_patches(self._sample(X))
        self.mean_ = patches.mean(axis=0)
        centered = patches - self.mean_
        values, vectors = np.linalg.eigh(centered.T @ centered / len(centered))
        scale = 1 / np.sqrt(np.maximum(values, 0) + 0.1)
        self.whitening_ = ((vectors * scale) @ vectors.T).astype(np.float32)
        self.words_ = learn_words(
            centered @ self.whitening_, self.n_words, "kmeans", self.random_state
        )
        return self

    def transform(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the pooled activations of each row.

        Returns
        -------
        float32 array of shape (n_rows, pool * pool * n_words)
        """
        n_features = self.pool**2 * len(self.words_)
        pooled = np.empty((len(X), n_features), dtype=np.float32)
        for start in range(0, len(X), _BATCH):
            rows = slice(start, start + _BATCH)
            pooled[rows] = self._pool(self._activate(np.asarray(X[rows])))
        return pooled

    def _sample(self, X: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rng = np.random.default_rng(self.random_state)
        n_offsets = X.shape[1] - self.patch + 1
        rows = np.sort(rng.integers(len(X), size=self.n_samples))
        tops, lefts = rng.integers(n_offsets, size=(2, self.n_samples))
        windows = np.lib.stride_tricks.sliding_window_view(
            X, (self.patch, self.patch), axis=(1, 2)
        )
        return windows[rows, tops, lefts].reshape(self.n_samples, -1)

    def _activate(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the triangle activations, of shape (n_rows, n_down, n_right, n_words)."""
        windows = np.lib.stride_tricks.sliding_window_view(
            X, (self.patch, self.patch), axis=(1, 2)
        )[:, :: self.step, :: self.step]
        shape = windows.shape[:3]
        patches = normalize_patches(windows.reshape(int(np.prod(shape)), -1))
        points = (patches - self.mean_) @ self.whitening_
        distances = _distances(points, self.words_)
        means = distances.mean(axis=1, keepdims=True)
        np.subtract(means, distances, out=distances)
        np.maximum(distances, 0, out=distances)
        return distances.reshape(*shape, -1)

    def _pool(self, active: NDArray[np.float32]) -> NDArray[np.float32]:
        side = active.shape[1]
        starts = np.arange(self.pool) * side // self.pool
        sums = np.add.reduceat(np.add.reduceat(active, starts, axis=1), starts, axis=2)
        means: NDArray[np.float32] = sums.reshape(len(active), -1)
        means /= np.float32(side**2)
        return means


def normalize_patches(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Normalize each patch to mean 0 and contrast 1; flat patches stay near 0.

    Parameters
    ----------
    patches : uint8 array of shape (n_patches, n_dims)
    """
    values = patches.astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    return values / np.sqrt(values.var(axis=1, keepdims=True) + np.float32(10))


def _distances(
    points: NDArray[np.float32], words: NDArray[np.float32]
) -> NDArray[np.float32]:
    squares = points @ words.T
    squares *= -2
    squares += np.einsum("ij,ij->i", words, words)
    squares += np.einsum("ij,ij->i", points, points)[:, None]
    np.maximum(squares, 0, out=squares)
    return np.sqrt(squares, out=squares)
