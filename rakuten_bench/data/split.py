"""Which rows are learned from and which are scored: the same for every scenario.

A way to split is a function under `scheme` that returns the share of the rows that
each part gets, in the order of its folds' roles. Rows are divided class by class, and
rows that belong together (`grouping.find_groups`) go to one side.

Without such rows, the division is scikit-learn's own, so that the default equals
`train_test_split(..., test_size=0.2, stratify=y, random_state=123)`, as the studies
that this project redoes have used it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from zipfile import BadZipFile

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from rakuten_bench.data.chance import shuffled_rank
from rakuten_bench.data.grouping import find_groups, write_atomically
from rakuten_bench.data.spec import SplitSpec, scheme
from rakuten_bench.errors import UserError
from rakuten_bench.types import Dataset, Fold, Rows, Split, Target

Share = Annotated[float, Meta(gt=0, lt=1)]
Seed = Annotated[int, Meta(ge=0, lt=2**32)]
Folds = Annotated[int, Meta(ge=2)]
Labels = NDArray[np.int32]

#: The seed of the studies that this project redoes.
SEED = 123


@scheme("holdout")
def holdout(
    y: Labels, groups: Rows, *, test_size: Share = 0.2, random_state: Seed = SEED
) -> tuple[Fold, ...]:
    """Learn from 80 % of the rows, score on the rest."""
    part = divide(y, groups, [1 - test_size, test_size], random_state)
    return (Fold("0", *_rows_of(part, 2)),)


@scheme("train_val_test")
def train_val_test(
    y: Labels,
    groups: Rows,
    *,
    validation_size: Share = 0.2,
    test_size: Share = 0.1,
    random_state: Seed = SEED,
) -> tuple[Fold, ...]:
    """Learn from 70 % of the rows, stop or tune on 20 %, score on 10 %."""
    train_size = 1 - validation_size - test_size
    if train_size <= 0:
        message = (
            f"split 'train_val_test': validation_size {validation_size:g} and "
            f"test_size {test_size:g} leave no training rows. Make them smaller."
        )
        raise UserError(message)
    part = divide(y, groups, [train_size, test_size, validation_size], random_state)
    return (Fold("0", *_rows_of(part, 3)),)


@scheme("kfold")
def kfold(
    y: Labels, groups: Rows, *, n_splits: Folds = 5, random_state: Seed = SEED
) -> tuple[Fold, ...]:
    """Score on each of 5 parts in turn, learning from the other parts."""
    return _folds(y, groups, n_splits, random_state)


def split_name(spec: SplitSpec) -> str:
    """Return a short name that is safe in a file name; "" for the default.

    >>> split_name(SplitSpec())
    ''
    >>> split_name(SplitSpec("holdout", {"test_size": 0.3}))
    'holdout-30'
    >>> split_name(SplitSpec("kfold", {"n_splits": 3, "random_state": 1}))
    'kfold-3-s1'
    """
    defaults = scheme.find(spec.scheme).defaults
    params = {**defaults, **spec.params}
    seed = params.pop("random_state")
    if spec.scheme == "holdout" and {**params, "random_state": seed} == defaults:
        return ""
    sizes = [
        f"{100 * value:g}" if isinstance(value, float) else f"{value}"
        for value in params.values()
    ]
    return "-".join([spec.scheme, *sizes] + ([f"s{seed}"] if seed != SEED else []))


def build_split(
    dataset: Dataset, spec: SplitSpec, *, cache: Path | None = None
) -> Split:
    """Divide the rows of a data set.

    Parameters
    ----------
    dataset : Dataset
    spec : SplitSpec
    cache : Path or None
        Folder where the row positions are kept, so that every later run reads the
        same ones.

    Raises
    ------
    UserError
        If a class cannot be on both sides: it has one row, or one group of rows.
    """
    store = None
    if cache is not None:
        name = split_name(spec) or spec.scheme
        store = cache / "splits" / f"{dataset.fingerprint[:16]}-{name}.npz"
        kept = read_split(store)
        if kept is not None:
            return kept
    groups = find_groups(dataset, cache=cache)
    refuse_small_classes(dataset, groups)
    folds = scheme.find(spec.scheme).function(dataset.y, groups, **spec.params)
    refuse_unlearned_classes(dataset, folds)
    split = Split(
        spec.scheme, split_name(spec), folds, groups, fingerprint_folds(folds)
    )
    if store is not None:
        write_split(store, split)
    return split


def inner_folds(
    target: Target, *, n_splits: int, random_state: int
) -> tuple[Fold, ...]:
    """Divide the training rows of a fold once more, for a search or a stacker.

    Parameters
    ----------
    target : Target
    n_splits : int
    random_state : int

    Returns
    -------
    tuple of Fold
        Named "0.0", "0.1", ...; positions count over all rows of the data set. A class
        with fewer groups than two may be absent from a fold's training rows.
    """
    rows = target.fold.train
    inside = _folds(target.y[rows], target.groups[rows], n_splits, random_state)
    return tuple(
        Fold(f"{target.fold.name}.{fold.name}", rows[fold.train], rows[fold.test])
        for fold in inside
    )


def _folds(
    y: Labels, groups: Rows, n_splits: int, random_state: int
) -> tuple[Fold, ...]:
    if n_splits > len(np.unique(groups)):
        message = (
            f"split 'kfold': {n_splits} folds of {len(y):,} rows in "
            f"{len(np.unique(groups))} groups. Ask for fewer."
        )
        raise UserError(message)
    part = divide(y, groups, [1 / n_splits] * n_splits, random_state)
    return tuple(
        Fold(str(fold), np.flatnonzero(part != fold), np.flatnonzero(part == fold))
        for fold in range(n_splits)
    )


def _rows_of(part: Rows, n_parts: int) -> list[Rows]:
    return [np.flatnonzero(part == index) for index in range(n_parts)]


def divide(y: Labels, groups: Rows, shares: Sequence[float], random_state: int) -> Rows:
    """Give each row a part, so that each class is spread as the shares say.

    Parameters
    ----------
    y : int32 array of shape (n_rows,)
    groups : int64 array of shape (n_rows,)
        Rows of one group get one part.
    shares : sequence of float
        Sum to 1.
    random_state : int

    Returns
    -------
    int64 array of shape (n_rows,)
        Index into `shares`.
    """
    alone = len(np.unique(groups)) == len(groups)
    smallest = np.unique(y, return_counts=True)[1].min()
    if alone and smallest * min(shares) >= 1:
        return _divide_rows(y, shares, random_state)
    return _divide_groups(y, groups, np.asarray(shares), random_state)


def _divide_rows(y: Labels, shares: Sequence[float], random_state: int) -> Rows:
    """Divide as scikit-learn does: for rows that are all groups of their own."""
    from sklearn.model_selection import StratifiedKFold, train_test_split

    part = np.zeros(len(y), dtype=np.int64)
    if len(set(shares)) == 1:
        folds = StratifiedKFold(len(shares), shuffle=True, random_state=random_state)
        for index, (_, test) in enumerate(folds.split(y, y)):
            part[test] = index
        return part
    rest = np.arange(len(y))
    for index in range(1, len(shares)):
        left = shares[0] + sum(shares[index:])
        rest, taken = train_test_split(
            rest,
            test_size=round(shares[index] / left, 12),
            stratify=y[rest],
            random_state=random_state,
        )
        part[taken] = index
    return part


def _divide_groups(
    y: Labels, groups: Rows, shares: NDArray[np.float64], random_state: int
) -> Rows:
    """Place groups of several rows one by one, then fill up with single rows.

    The groups go, large ones first, where they disturb the wanted counts least; the
    single rows then make each class come out as wanted, within a row.
    """
    groups = np.unique(groups, return_inverse=True)[1].reshape(-1)
    rank = shuffled_rank(len(y), random_state)
    wanted = np.outer(np.bincount(y), shares)
    size = np.bincount(groups)
    part = np.full(len(y), -1, dtype=np.int64)
    placed = np.zeros_like(wanted)
    left = groups_per_class(y, groups)
    for rows in _iter_groups(groups, size, rank):
        classes, counts = np.unique(y[rows], return_counts=True)
        have, want = placed[classes], wanted[classes]
        part[rows] = best = least_disturbed(have, want, counts, left[classes])
        placed[classes, best] += counts
        left[classes] -= 1
    single = np.flatnonzero(part < 0)
    for code in np.unique(y[single]):
        rows = single[y[single] == code]
        rows = rows[np.argsort(rank[rows])]
        quota = fill_quota(len(rows), placed[code], wanted[code])
        part[rows] = np.repeat(np.arange(len(shares)), quota)
    return part


def _iter_groups(groups: Rows, size: Rows, rank: Rows) -> Any:
    """Yield the rows of each group of two or more, large groups first."""
    several = np.flatnonzero(size[groups] > 1)
    order = several[np.lexsort((rank[several], groups[several]))]
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    found = np.split(order, starts[1:]) if len(order) else []
    return sorted(found, key=lambda rows: (-len(rows), rank[rows[0]]))


def groups_per_class(y: Labels, groups: Rows) -> Rows:
    """Count the groups that have a row of each class, of shape (n_classes,).

    >>> groups_per_class(np.array([0, 0, 1]), np.array([4, 4, 2]))
    array([1, 1])
    """
    n_groups = int(groups.max()) + 1
    pairs = np.unique(y.astype(np.int64) * n_groups + groups)
    return np.bincount(pairs // n_groups, minlength=int(y.max()) + 1)


def least_disturbed(
    placed: NDArray[np.float64],
    wanted: NDArray[np.float64],
    counts: Rows,
    n_left: Rows,
) -> int:
    """Choose the part whose squared relative error grows least by a group of rows.

    Parameters
    ----------
    placed, wanted : float64 arrays of shape (n_classes, n_parts)
        Of the classes that the group has rows of.
    counts : int64 array of shape (n_classes,)
        Rows of the group in each class.
    n_left : int64 array of shape (n_classes,)
        Groups of each class that have no part yet, this one included. Where no more
        are left than parts are without that class, an empty part comes first.

    Examples
    --------
    >>> wanted = np.array([[8.0, 2.0]])
    >>> least_disturbed(np.array([[6.0, 0.0]]), wanted, np.array([2]), np.array([5]))
    1
    """
    counts = counts[:, None]
    growth = counts * (2 * (placed - wanted) + counts) / wanted
    empty = placed == 0
    last_chance = empty & (n_left <= empty.sum(axis=1))[:, None]
    growth[last_chance] -= 1e9
    return int(np.argmin(growth.sum(axis=0).round(9)))


def fill_quota(
    n_rows: int, placed: NDArray[np.float64], wanted: NDArray[np.float64]
) -> Rows:
    """Say how many single rows of one class each part gets.

    Parameters
    ----------
    n_rows : int
        Single rows to give away.
    placed, wanted : float64 arrays of shape (n_parts,)
        Rows that each part has by groups, and should have in the end.

    Returns
    -------
    int64 array of shape (n_parts,)
        Sums to `n_rows`. No part stays without a row as long as there are rows.

    Examples
    --------
    >>> fill_quota(10, np.array([0.0, 0.0]), np.array([8.0, 2.0]))
    array([8, 2])
    >>> fill_quota(2, np.array([0.0, 0.0]), np.array([1.6, 0.4]))
    array([1, 1])
    """
    quota = np.zeros(len(wanted), dtype=np.int64)
    for _ in range(min(n_rows, int((placed == 0).sum()))):
        empty = placed + quota == 0
        quota[np.argmax(np.where(empty, wanted, -1))] += 1
    left = n_rows - int(quota.sum())
    if not left:
        return quota
    need = np.maximum(wanted - placed - quota, 0)
    need = need if need.sum() else wanted
    exact = left * need / need.sum()
    quota += np.floor(exact).astype(np.int64)
    rest = n_rows - int(quota.sum())
    quota[np.argsort(-(exact % 1), kind="stable")[:rest]] += 1
    return quota


def refuse_small_classes(dataset: Dataset, groups: Rows) -> None:
    """Refuse classes that cannot be both learned and scored.

    Raises
    ------
    UserError
        Naming each class that has one row, or one group of rows.
    """
    n_groups = groups_per_class(dataset.y, groups)
    n_rows = np.bincount(dataset.y, minlength=len(dataset.classes))
    small = [
        f"'{dataset.classes[code]}' ({n_rows[code]} {'rows' if n_rows[code] > 1 else 'row'})"
        for code in np.flatnonzero(n_groups < 2)
    ]
    if small:
        message = (
            f"data set '{dataset.name}': too few rows to split in class "
            f"{', '.join(small)}: a class needs two that are no duplicates of each "
            f"other, one to learn from and one to score. Remove the class or add rows."
        )
        raise UserError(message)


def refuse_unlearned_classes(dataset: Dataset, folds: Sequence[Fold]) -> None:
    """Refuse a division in which a class is scored that was never learned.

    Raises
    ------
    UserError
        If the groups are so large that a class is missing from training rows.
    """
    for fold in folds:
        absent = np.setdiff1d(dataset.y, dataset.y[fold.train])
        if len(absent):
            names = ", ".join(f"'{dataset.classes[code]}'" for code in absent)
            message = (
                f"data set '{dataset.name}': all training rows of class {names} belong "
                f"to groups that fell on the other side in fold {fold.name}. Use fewer "
                f"folds, another random_state, or smaller groups."
            )
            raise UserError(message)


def fingerprint_folds(folds: Sequence[Fold]) -> str:
    """Hash the row positions of folds.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    digest = hashlib.blake2b(digest_size=16)
    for fold in folds:
        for rows in (fold.train, fold.test, fold.validation):
            digest.update(len(rows).to_bytes(8, "little"))
            digest.update(rows.astype("<i8").tobytes())
    return digest.hexdigest()


def write_split(store: Path, split: Split) -> None:
    """Keep a split as an npz file of row positions and its fingerprint."""
    arrays = {
        f"{fold.name}_{side}": getattr(fold, side)
        for fold in split.folds
        for side in ("train", "test", "validation")
    }
    content = io.BytesIO()
    np.savez_compressed(
        content,
        about=np.array([split.scheme, split.name, split.fingerprint]),
        groups=split.groups,
        **arrays,
    )
    write_atomically(store, content.getvalue())


def read_split(store: Path) -> Split | None:
    """Read a split back; None where there is none or the file is damaged."""
    try:
        with store.open("rb") as file, np.load(file) as kept:
            arrays = dict(kept)
    except (OSError, ValueError, BadZipFile):
        return None
    scheme_name, name, fingerprint = (str(word) for word in arrays.pop("about"))
    groups = arrays.pop("groups")
    names = dict.fromkeys(key.partition("_")[0] for key in arrays)
    folds = tuple(
        Fold(
            fold,
            *(arrays[f"{fold}_{side}"] for side in ("train", "test", "validation")),
        )
        for fold in names
    )
    if fingerprint_folds(folds) != fingerprint:
        return None
    return Split(scheme_name, name, folds, groups, fingerprint)
