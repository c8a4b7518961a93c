"""Labels and rows of each fold by name, also of folds inside a fold's training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.data import inner_folds
from rakuten_bench.plan.build import derive_inner_seed, validation_fold
from rakuten_bench.types import Fold, Rows, Target


class Targets:
    """Targets by the name of their fold; inner ones are made from their parents.

    Parameters
    ----------
    y : int32 array of shape (n_rows,)
    classes : tuple of str
        All of the data set, in the order of their indices.
    groups : int64 array of shape (n_rows,)
    folds : sequence of Fold
        Of the split.
    seed : int
        Of the run.
    """

    def __init__(
        self,
        y: NDArray[np.int32],
        classes: tuple[str, ...],
        groups: Rows,
        folds: Sequence[Fold],
        seed: int,
    ) -> None:
        self._y = y
        self._classes = classes
        self._groups = groups
        self._seed = derive_inner_seed(seed)
        self._known = {fold.name: self._target(fold) for fold in folds}

    def _target(self, fold: Fold) -> Target:
        return Target(self._y, self._classes, fold, self._groups)

    def find(self, name: str) -> Target:
        """Return a target.

        "0.1of3" is fold 1 of 3 inside the training rows of "0"; "0.validation" has the
        training rows of "0" and its validation rows as test rows.
        """
        parent, _, place = name.rpartition(".")
        if name not in self._known and name == validation_fold(parent):
            fold = self.find(parent).fold
            self._known[name] = self._target(Fold(name, fold.train, fold.validation))
        elif name not in self._known:
            cv = int(place.partition("of")[2])
            inside = inner_folds(
                self.find(parent), n_splits=cv, random_state=self._seed
            )
            for number, fold in enumerate(inside):
                inner = f"{parent}.{number}of{cv}"
                self._known[inner] = self._target(replace(fold, name=inner))
        return self._known[name]
