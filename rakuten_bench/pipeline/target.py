"""Labels and rows of each fold, inner folds included, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.data import inner_folds
from rakuten_bench.plan.build import derive_inner_seed
from rakuten_bench.plan.fold import FoldName
from rakuten_bench.types import Fold, Rows, Target


class Targets:
    """Targets by the name of their fold; inner ones are derived from their parents.

    Parameters
    ----------
    y : int32 array of shape (n_rows,)
    classes : tuple of str
        All classes of the data set, in the order of their indices.
    groups : int64 array of shape (n_rows,)
    folds : sequence of Fold
        Folds of the split.
    seed : int
        Seed of the run.
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
        self._known = {FoldName(fold.name): self._target(fold) for fold in folds}

    def _target(self, fold: Fold) -> Target:
        return Target(self._y, self._classes, fold, self._groups)

    def find(self, name: FoldName) -> Target:
        """Return the target of a fold."""
        if name not in self._known and name.parent is not None:
            self._divide(self.find(name.parent), name.parent, name.n_folds)
        return self._known[name]

    def _divide(self, target: Target, parent: FoldName, n_folds: int) -> None:
        """Create the targets of a fold's inner folds, or of its validation rows."""
        if not n_folds:
            fold, name = target.fold, parent.validation
            rows = Fold(str(name), fold.train, fold.validation)
            self._known[name] = self._target(rows)
            return
        folds = inner_folds(target, n_splits=n_folds, random_state=self._seed)
        for name, fold in zip(parent.inside(n_folds), folds, strict=True):
            self._known[name] = self._target(replace(fold, name=str(name)))
