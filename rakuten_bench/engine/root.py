"""The roots of a plan: the table, and the labels and rows of each fold."""

from __future__ import annotations

from dataclasses import replace

from rakuten_bench.data import inner_folds
from rakuten_bench.engine.store import Facts, Store
from rakuten_bench.plan import Plan
from rakuten_bench.plan.build import derive_seed
from rakuten_bench.types import Dataset, Fold, Split, Target


def save_roots(
    store: Store, plan: Plan, dataset: Dataset, split: Split, seed: int
) -> None:
    """Put the roots of a plan into the store, where workers find them.

    The table is written again where its images have moved: its key does not tell.
    """
    where = f"frame of {dataset.name}, {_image_folder(dataset)}"
    facts = store.facts(plan.frame)
    if facts is None or facts.step != where:
        store.save(plan.frame, dataset.frame, Facts(seconds=0, memory=0, step=where))
    targets = _Targets(dataset, split, seed)
    for key, fold in plan.targets.items():
        if key not in store:
            facts = Facts(seconds=0, memory=0, step=f"rows of fold {fold}")
            store.save(key, targets.find(fold), facts)


def _image_folder(dataset: Dataset) -> str:
    paths = dataset.frame["image_path"]
    first = next((path for path in paths if path), "")
    return first.rpartition("/")[0]


class _Targets:
    """Targets by the name of their fold; inner ones are made from their parents."""

    def __init__(self, dataset: Dataset, split: Split, seed: int) -> None:
        self._y = dataset.y
        self._n_classes = len(dataset.classes)
        self._groups = split.groups
        self._seed = derive_seed(seed, "split", "inner")
        self._known = {fold.name: self._target(fold) for fold in split.folds}

    def _target(self, fold: Fold) -> Target:
        return Target(self._y, self._n_classes, fold, self._groups)

    def find(self, name: str) -> Target:
        """Return a target; "0.1of3" is fold 1 of 3 inside the training rows of "0"."""
        if name not in self._known:
            parent, _, place = name.rpartition(".")
            cv = int(place.partition("of")[2])
            folds = inner_folds(self.find(parent), n_splits=cv, random_state=self._seed)
            for number, fold in enumerate(folds):
                inner = f"{parent}.{number}of{cv}"
                self._known[inner] = self._target(replace(fold, name=inner))
        return self._known[name]
