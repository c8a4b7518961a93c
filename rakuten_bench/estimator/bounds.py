"""Resampling classes to between a minimum and a maximum number of rows."""

from __future__ import annotations

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import BaseEstimator

from rakuten_bench.types import Labels, Matrix


class Bounds(BaseEstimator):
    """Under-samples classes above `most`, then over-samples those below `least`.

    Parameters
    ----------
    least, most : int
        Minimum and maximum number of rows of a class.
    random_state : int

    Attributes
    ----------
    sample_indices_ : int64 array of shape (n_kept,)
        Numbers of the sampled rows, with repetitions.
    """

    def __init__(self, least: int, most: int, *, random_state: int) -> None:
        self.least = least
        self.most = most
        self.random_state = random_state

    def fit_resample(self, X: Matrix, y: Labels) -> tuple[Matrix, Labels]:
        """Return the sampled rows and their labels."""
        under = RandomUnderSampler(
            sampling_strategy=self._above, random_state=self.random_state
        )
        over = RandomOverSampler(
            sampling_strategy=self._below, random_state=self.random_state
        )
        rows = np.arange(len(y)).reshape(-1, 1)
        sampled, labels = Pipeline([("under", under), ("over", over)]).fit_resample(
            rows, y
        )
        self.sample_indices_ = np.asarray(sampled, dtype=np.int64).ravel()
        return X[self.sample_indices_], labels

    def _above(self, y: Labels) -> dict[int, int]:
        labels, counts = np.unique(y, return_counts=True)
        return {
            int(k): self.most
            for k, n in zip(labels, counts, strict=True)
            if n > self.most
        }

    def _below(self, y: Labels) -> dict[int, int]:
        labels, counts = np.unique(y, return_counts=True)
        return {
            int(k): self.least
            for k, n in zip(labels, counts, strict=True)
            if n < self.least
        }
