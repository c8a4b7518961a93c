"""Bag of visual words: histograms of local descriptors over a learned codebook."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning

from rakuten_bench.image.descriptor import Descriptors
from rakuten_bench.image.kernel import Codebook, Kernel, Norm, map_kernel
from rakuten_bench.scratch import release

_BATCH = 65_536


class VisualWords(TransformerMixin, BaseEstimator):
    """Count visual words in the cells of a spatial pyramid.

    Parameters
    ----------
    n_words : int
    codebook : {"minibatch", "kmeans"}
        Mini-batch k-means as in the studies, or plain k-means on a sample, which is
        faster and fits better.
    n_samples : int
        Number of descriptors per word to learn the codebook from.
    root : bool
        Compare square roots of the descriptors (RootSIFT, Arandjelović & Zisserman
        2012).
    norm : {"l1", "l2", "tfidf"}
    levels : int
        Levels of the pyramid (Lazebnik, Schmid & Ponce 2006): 1 for the whole image,
        2 to add its quarters, 3 to add its sixteenths.
    kernel : {"linear", "hellinger", "chi2", "intersection"}
    random_state : int or None

    Attributes
    ----------
    words_ : float32 array of shape (n_words, n_dims)
    idf_ : float32 array of shape (n_features,)
    """

    def __init__(  # noqa: PLR0913  one argument per hyperparameter
        self,
        n_words: int = 140,
        codebook: Codebook = "minibatch",
        n_samples: int = 256,
        root: bool = False,
        norm: Norm = "l2",
        levels: int = 1,
        kernel: Kernel = "linear",
        random_state: int | None = None,
    ) -> None:
        self.n_words = n_words
        self.codebook = codebook
        self.n_samples = n_samples
        self.root = root
        self.norm = norm
        self.levels = levels
        self.kernel = kernel
        self.random_state = random_state

    def fit(self, X: Descriptors, y: object = None) -> Self:
        """Learn the codebook and the inverse document frequencies."""
        self._learn(X)
        self._weigh(self._count(X))
        return self

    def fit_transform(self, X: Descriptors, y: object = None) -> NDArray[np.float32]:
        """Fit and transform, counting the words once."""
        self._learn(X)
        counts = self._count(X)
        self._weigh(counts)
        return self._finish(counts)

    def transform(self, X: Descriptors) -> NDArray[np.float32]:
        """Return the histograms of each row.

        Returns
        -------
        float32 array of shape (n_rows, n_words * n_cells)
            Three times as many columns for the kernels "chi2" and "intersection".
        """
        return self._finish(self._count(X))

    def _learn(self, X: Descriptors) -> None:
        sample, _ = X.sample(self.n_samples * self.n_words, self.random_state)
        if not len(sample):  # no image has a keypoint
            self.words_ = np.zeros((1, X.n_dims), dtype=np.float32)
            return
        points = root_descriptors(sample) if self.root else sample
        self.words_ = learn_words(
            points, self.n_words, self.codebook, self.random_state
        )

    def _count(self, X: Descriptors) -> NDArray[np.float32]:
        cells_per_level = [4**level for level in range(self.levels)]
        n_words = len(self.words_)
        counts = np.zeros((len(X), sum(cells_per_level), n_words), dtype=np.float32)
        for row, values, places in iter_batches(X):
            points = root_descriptors(values) if self.root else values
            words = nearest(points, self.words_)
            for cell in _iter_cells(places, self.levels):
                np.add.at(counts, (row, cell, words), 1)
        return counts.reshape(len(X), -1)

    def _weigh(self, counts: NDArray[np.float32]) -> None:
        n_rows_with = np.count_nonzero(counts, axis=0)
        idf = np.log((1 + len(counts)) / (1 + n_rows_with)) + 1
        self.idf_ = idf.astype(np.float32)

    def _finish(self, counts: NDArray[np.float32]) -> NDArray[np.float32]:
        values = counts * self.idf_ if self.norm == "tfidf" else counts
        order = 1 if self.norm == "l1" else 2
        length = np.linalg.norm(values, ord=order, axis=1, keepdims=True)
        return map_kernel(values / np.maximum(length, 1e-12), self.kernel)


def learn_words(
    points: NDArray[np.float32],
    n_words: int,
    codebook: Codebook,
    random_state: int | None,
) -> NDArray[np.float32]:
    """Cluster points and return the centers, at most one per point.

    Returns
    -------
    float32 array of shape (min(n_words, n_points), n_dims)
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans

    n_clusters = min(n_words, len(points))
    if codebook == "minibatch":
        model = MiniBatchKMeans(n_clusters, n_init=3, random_state=random_state)
    else:
        model = KMeans(
            n_clusters, init="random", n_init=1, max_iter=20, random_state=random_state
        )
    with warnings.catch_warnings():
        # with fewer distinct points than words, some words are never the nearest
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points)
    return np.asarray(model.cluster_centers_, dtype=np.float32)


def nearest(
    points: NDArray[np.float32], words: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the number of the nearest word of each point."""
    half_squares = 0.5 * np.einsum("ij,ij->i", words, words)
    scores = points @ words.T
    scores -= half_squares
    return scores.argmax(axis=1)


def root_descriptors(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """L1-normalize and take roots, so that Euclidean distance is Hellinger distance."""
    sums = np.maximum(values.sum(axis=1, keepdims=True), np.float32(1e-12))
    return np.sqrt(values / sums)


def iter_batches(
    X: Descriptors,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8]]]:
    """Yield rows, descriptors and positions of many images at a time.

    Yields
    ------
    rows : int64 array of shape (n_batch,)
        Row of X that each descriptor belongs to.
    values : float32 array of shape (n_batch, n_dims)
    places : uint8 array of shape (n_batch, 2)
    """
    counts = X.counts[X.rows].astype(np.int64)
    batches = np.cumsum(counts) // _BATCH
    for batch in np.unique(batches):
        rows = np.flatnonzero((batches == batch) & (counts > 0))
        if len(rows):
            images = list(X.take(rows).iter_images())
            values = np.concatenate([descriptors for descriptors, _ in images])
            places = np.concatenate([positions for _, positions in images])
            release(X.values)
            yield np.repeat(rows, counts[rows]), values.astype(np.float32), places


def _iter_cells(places: NDArray[np.uint8], levels: int) -> Iterator[NDArray[np.int64]]:
    """Yield for each level the cell of each position, numbered across all levels."""
    first = 0
    for level in range(levels):
        x, y = (places[:, axis].astype(np.int64) >> (8 - level) for axis in (0, 1))
        yield first + y * 2**level + x
        first += 4**level
