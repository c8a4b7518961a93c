"""Nearest-neighbour samplers that work with classes of any size."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, RandomOverSampler
from imblearn.under_sampling import EditedNearestNeighbours
from sklearn.base import BaseEstimator

from rakuten_bench.types import Labels, Matrix

#: Errors of ADASYN for a class that has no neighbours of other classes.
_NOT_HARD = ("No samples will be generated", "Not any neigbours")


class Neighbours(BaseEstimator):
    """SMOTE or ADASYN with at most as many neighbours as the smallest class allows.

    The only row of a class can't be interpolated and is repeated instead. Sparse input
    stays sparse. `notes_` reports these changes.

    Parameters
    ----------
    method : {"smote", "adasyn"}
    k_neighbors : int
    random_state : int
    """

    def __init__(
        self,
        method: Literal["smote", "adasyn"],
        k_neighbors: int = 5,
        *,
        random_state: int,
    ) -> None:
        self.method = method
        self.k_neighbors = k_neighbors
        self.random_state = random_state

    def fit_resample(self, X: Matrix, y: Labels) -> tuple[Matrix, Labels]:
        """Return the training rows, followed by synthetic rows, and all labels."""
        self.notes_: tuple[str, ...] = ()
        X, y = self._repeat_single(X, y)
        counts = np.unique(y, return_counts=True)[1]
        k = min(self.k_neighbors, int(counts.min()) - 1)
        if k < self.k_neighbors:
            self._add_note(
                f"k_neighbors lowered to {k}: the smallest class has {k + 1} rows"
            )
        try:
            resampled = self._sampler(self.method, k).fit_resample(X, y)
        except (ValueError, RuntimeError) as error:
            if not any(text in str(error) for text in _NOT_HARD):
                raise
            self._add_note("a class has no neighbour of another class; SMOTE was used")
            resampled = self._sampler("smote", k).fit_resample(X, y)
        return resampled[0], resampled[1]

    def _sampler(self, method: str, k: int) -> Any:
        if method == "smote":
            return SMOTE(k_neighbors=k, random_state=self.random_state)
        return ADASYN(n_neighbors=k, random_state=self.random_state)

    def _repeat_single(self, X: Matrix, y: Labels) -> tuple[Matrix, Labels]:
        labels, counts = np.unique(y, return_counts=True)
        single = labels[counts == 1]
        if not single.size:
            return X, y
        self._add_note(f"{single.size} classes with one row: the row is repeated")
        sampler = RandomOverSampler(
            sampling_strategy={int(label): 2 for label in single},
            random_state=self.random_state,
        )
        repeated = sampler.fit_resample(X, y)
        return repeated[0], repeated[1]

    def _add_note(self, note: str) -> None:
        self.notes_ = (*self.notes_, f"{self.method}: {note}")


class Edited(BaseEstimator):
    """Edited nearest neighbours that never removes a whole class.

    Parameters
    ----------
    n_neighbors : int
    kind_sel : {"all", "mode"}
    n_jobs : int

    Attributes
    ----------
    sample_indices_ : int64 array of shape (n_kept,)
    """

    def __init__(
        self,
        n_neighbors: int = 3,
        kind_sel: Literal["all", "mode"] = "all",
        *,
        n_jobs: int = 1,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.kind_sel = kind_sel
        self.n_jobs = n_jobs

    def fit_resample(self, X: Matrix, y: Labels) -> tuple[Matrix, Labels]:
        """Return the remaining rows and their labels."""
        editor = EditedNearestNeighbours(
            n_neighbors=self.n_neighbors, kind_sel=self.kind_sel, n_jobs=self.n_jobs
        )
        editor.fit_resample(X, y)
        kept = np.asarray(editor.sample_indices_, dtype=np.int64)
        lost = np.setdiff1d(y, y[kept])
        self.notes_: tuple[str, ...] = ()
        if lost.size:  # a class without rows could never be predicted
            self.notes_ = (
                f"enn: {lost.size} classes would lose all rows and are kept",
            )
            kept = np.concatenate([kept, np.flatnonzero(np.isin(y, lost))])
        self.sample_indices_ = np.sort(kept)
        return X[self.sample_indices_], y[self.sample_indices_]
