"""Splits into training and test rows: the same for every scenario.

A scheme is a function under `scheme` that returns the share of the rows in each part,
in the order of its folds' roles. Rows are stratified by class, and rows of a group
(`grouping.group_rows`) go to one side.

Without groups, the split is scikit-learn's, so that the default equals
`train_test_split(..., test_size=0.2, stratify=y, random_state=123)`, as the studies
that this project reproduces used it.
"""

from __future__ import annotations

import hashlib
import inspect
import io
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta, structs
from numpy.typing import NDArray

from rakuten_bench.activity import announce
from rakuten_bench.data.given import divide_as_given, find_given
from rakuten_bench.data.grouping import Grouping, group_rows
from rakuten_bench.data.spec import SPLITS, SplitSpec, expand_home, scheme
from rakuten_bench.division import chance, count_groups, divide, stratified
from rakuten_bench.errors import UserError, listed
from rakuten_bench.store.kept import write_atomically
from rakuten_bench.store.layout import Layout
from rakuten_bench.types import Dataset, Fold, Rows, Split, Target
from rakuten_bench.wording.words import percent

Share = Annotated[float, Meta(gt=0, lt=1)]
Seed = Annotated[int, Meta(ge=0, lt=2**32)]
Folds = Annotated[int, Meta(ge=2)]
Labels = NDArray[np.int32]

#: Ratio of actual to requested test rows from which a remark is made.
_FAR_MORE, _FEW_MORE = 1.25, 10

#: The seed of the studies that this project reproduces.
SEED = 123


@scheme("holdout")
def holdout(
    y: Labels, groups: Rows, *, test_size: Share = 0.2, random_state: Seed = SEED
) -> tuple[Fold, ...]:
    """Train on 80 % of the rows, score on the rest."""
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
    """Train on 70 % of the rows, tune on 20 %, score on 10 %.

    Searches, and fitted fusions, use the validation rows for selection.
    """
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
    """k-fold cross-validation: score on each of 5 parts, train on the others."""
    return _folds(y, groups, n_splits, random_state)


@scheme("given")
def given(y: Labels, groups: Rows, *, ids: str = "") -> tuple[Fold, ...]:
    """Score on predefined test rows: those of the data set, or of a file of ids."""
    raise NotImplementedError  # needs the data set: done by `data.given`


def split_name(spec: SplitSpec) -> str:
    """Return a short name that is safe in a file name; "" for the default.

    >>> split_name(SplitSpec())
    ''
    >>> split_name(SplitSpec("holdout", {"test_size": 0.3}))
    'holdout-30'
    >>> split_name(SplitSpec("kfold", {"n_splits": 3, "random_state": 1}))
    'kfold-3-s1'
    """
    defaults = SPLITS.find(spec.scheme).defaults
    params = {**defaults, **spec.params}
    if spec.scheme == "given":
        return "-".join(
            ["given", *([Path(params["ids"]).stem] if params["ids"] else [])]
        )
    seed = params.pop("random_state")
    if spec.scheme == "holdout" and {**params, "random_state": seed} == defaults:
        return ""
    sizes = [
        f"{100 * value:g}" if isinstance(value, float) else f"{value}"
        for value in params.values()
    ]
    return "-".join([spec.scheme, *sizes] + ([f"s{seed}"] if seed != SEED else []))


def build_split(
    dataset: Dataset,
    spec: SplitSpec,
    *,
    cache: Path | None = None,
    folder: Path | None = None,
) -> Split:
    """Divide the rows of a data set.

    Parameters
    ----------
    dataset : Dataset
    spec : SplitSpec
    cache : Path or None
        Folder where the row positions are cached.
    folder : Path or None
        What the path of a file of ids is relative to.

    Raises
    ------
    UserError
        If a class cannot be on both sides: it has one row, or one group of rows.
    """
    grouping = group_rows(dataset, by_image=spec.by_image is not False, cache=cache)
    if spec.scheme == "given" or dataset.sides:
        return _build_given(dataset, spec, grouping, folder or Path())
    groups, name = grouping.groups, _name_grouped(split_name(spec), grouping)
    store = None
    if cache is not None:
        file_name = f"{dataset.fingerprint[:16]}-{name or spec.scheme}.npz"
        store = CachedFolds(Layout(cache).splits / file_name, dataset, spec, groups)
    folds = store.read() if store else None
    if folds is None:
        refuse_small_classes(dataset, groups)
        announce("splitting the rows: %s", spec.scheme)
        folds = SPLITS.find(spec.scheme).function(dataset.y, groups, **spec.params)
        refuse_unlearned_classes(dataset, folds)
        if store:
            store.write(folds)
    fingerprint = _fingerprint(folds, grouping)
    remarks = (*_remark_sizes(spec, folds, len(groups)), *grouping.remarks)
    return Split(spec.scheme, name, folds, groups, fingerprint, remarks)


def _remark_sizes(spec: SplitSpec, folds: Sequence[Fold], n_rows: int) -> Iterator[str]:
    """Report far more test rows than requested: small classes need one each."""
    params = {**SPLITS.find(spec.scheme).defaults, **spec.params}
    wanted = params.get("test_size")
    n_test = len(folds[0].test)
    if wanted and n_test > _FAR_MORE * wanted * n_rows + _FEW_MORE:
        yield (
            f"split '{spec.scheme}': {n_test:,} of {n_rows:,} rows are test rows "
            f"({percent(n_test / n_rows)}, requested {percent(wanted)}): small classes and "
            f"groups can't be divided further."
        )


def _name_grouped(name: str, grouping: Grouping) -> str:
    """Return the name of a split, which includes whether images group rows.

    Studies of texts only don't read images: if these would change the split, the
    records of both must not share a board.
    """
    parts = [name] if name else []
    return "-".join([*parts, "by-image"] if grouping.by_image else parts)


def _build_given(
    dataset: Dataset, spec: SplitSpec, grouping: Grouping, folder: Path
) -> Split:
    """Split as defined by the data set or a file of ids."""
    if spec.scheme != "given":
        if structs.replace(spec, by_image=None) != SplitSpec():
            message = (
                f"data set '{dataset.name}': its test rows are predefined; `split: "
                f"{spec.scheme}` cannot choose others. Remove `split`, or name one file "
                f"as `path` and no column as `side`."
            )
            raise UserError(message)
        spec = SplitSpec("given")
    ids = spec.params.get("ids", "")
    sides = find_given(dataset, folder / expand_home(ids) if ids else None)
    fold, remarks = divide_as_given(dataset, grouping.groups, sides)
    return Split(
        "given",
        _name_grouped(split_name(spec), grouping),
        (fold,),
        grouping.groups,
        _fingerprint((fold,), grouping),
        (*remarks, *grouping.remarks),
    )


def _fingerprint(folds: Sequence[Fold], grouping: Grouping) -> str:
    """Hash the folds, and the groups used for inner folds, if by images."""
    fingerprint = fingerprint_folds(folds)
    if not grouping.by_image:
        return fingerprint
    digest = hashlib.blake2b(fingerprint.encode(), digest_size=16)
    digest.update(grouping.groups.astype("<i8").tobytes())
    return digest.hexdigest()


def inner_folds(
    target: Target, *, n_splits: int, random_state: int
) -> tuple[Fold, ...]:
    """Split the training rows of a fold again, for a search or a stacker.

    Parameters
    ----------
    target : Target
    n_splits : int
    random_state : int

    Returns
    -------
    tuple of Fold
        Named "0.0", "0.1", ...; positions count over all rows of the data set. A class
        with fewer than two groups may be missing from a fold's training rows.

    Raises
    ------
    UserError
        If there are fewer groups of training rows than folds.
    """
    rows = target.fold.train
    inside = _folds(
        target.y[rows],
        target.groups[rows],
        n_splits,
        random_state,
        subject=f"training rows of fold {target.fold.name}, parameter 'cv' of a search or fusion",
    )
    return tuple(
        Fold(f"{target.fold.name}.{fold.name}", rows[fold.train], rows[fold.test])
        for fold in inside
    )


def _folds(
    y: Labels,
    groups: Rows,
    n_splits: int,
    random_state: int,
    *,
    subject: str = "split 'kfold'",
) -> tuple[Fold, ...]:
    n_groups = len(np.unique(groups))
    if n_splits > n_groups:
        message = (
            f"{subject}: {n_splits} folds of {len(y):,} rows in {n_groups:,} groups. "
            f"Ask for fewer folds."
        )
        raise UserError(message)
    part = divide(y, groups, [1 / n_splits] * n_splits, random_state)
    return tuple(
        Fold(str(fold), np.flatnonzero(part != fold), np.flatnonzero(part == fold))
        for fold in range(n_splits)
    )


def _rows_of(part: Rows, n_parts: int) -> list[Rows]:
    return [np.flatnonzero(part == index) for index in range(n_parts)]


def refuse_small_classes(dataset: Dataset, groups: Rows) -> None:
    """Reject classes that cannot be both trained on and scored.

    Raises
    ------
    UserError
        Naming each class that has one row, or one group of rows.
    """
    n_groups = count_groups(dataset.y, groups)
    n_rows = np.bincount(dataset.y, minlength=len(dataset.classes))
    codes = np.flatnonzero(n_groups < 2)
    if len(codes):
        small = ", ".join(
            f"'{dataset.classes[code]}' "
            f"({n_rows[code]} {'rows' if n_rows[code] > 1 else 'row'})"
            for code in codes[:_SHOWN]
        )
        more = f" and {len(codes) - _SHOWN:,} more" if len(codes) > _SHOWN else ""
        message = (
            f"data set '{dataset.name}': too few rows to split in class {small}{more}: "
            f"a class needs two that are not duplicates of each "
            f"other, one to train on and one to score. Remove the class or add rows."
        )
        raise UserError(message)


def refuse_unlearned_classes(dataset: Dataset, folds: Sequence[Fold]) -> None:
    """Reject a split in which a scored class has no training rows.

    Raises
    ------
    UserError
        If the groups are so large that a class is missing from training rows.
    """
    for fold in folds:
        absent = np.setdiff1d(dataset.y, dataset.y[fold.train])
        if len(absent):
            names = listed(dataset.classes[code] for code in absent)
            message = (
                f"data set '{dataset.name}': all training rows of class {names} belong "
                f"to groups on the other side in fold {fold.name}. Use fewer "
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


class CachedFolds:
    """Folds cached as an npz file, used only if they are valid for the data set.

    Parameters
    ----------
    path : Path
    dataset : Dataset
    spec : SplitSpec
    groups : int64 array of shape (n_rows,)
        Of the data set, just computed.
    """

    def __init__(
        self, path: Path, dataset: Dataset, spec: SplitSpec, groups: Rows
    ) -> None:
        self.path = path
        self.y = dataset.y
        self.groups = groups
        params = sorted({**SPLITS.find(spec.scheme).defaults, **spec.params}.items())
        self.origin = [dataset.fingerprint, spec.scheme, repr(params), _code_version()]

    def write(self, folds: Sequence[Fold]) -> None:
        """Write the row positions of folds, and a digest of them and their origin."""
        arrays = {
            f"{fold.name}_{side}": getattr(fold, side)
            for fold in folds
            for side in _SIDES
        }
        content = io.BytesIO()
        np.savez_compressed(content, about=np.array([self._digest(folds)]), **arrays)
        write_atomically(self.path, content.getvalue())

    def read(self) -> tuple[Fold, ...] | None:
        """Read the folds back.

        Returns
        -------
        tuple of Fold or None
            None if the file is missing or damaged, was computed with other data,
            parameters or code, or its folds are not a valid split of the groups.
        """
        try:
            with self.path.open("rb") as file, np.load(file) as archive:
                arrays = dict(archive)
            [digest] = arrays.pop("about").tolist()
            names = dict.fromkeys(key.partition("_")[0] for key in arrays)
            folds = tuple(
                Fold(name, *(arrays[f"{name}_{side}"] for side in _SIDES))
                for name in names
            )
        except Exception:  # any error of a damaged file: recompute
            return None
        if not is_division(folds, self.y, self.groups) or digest != self._digest(folds):
            return None
        return folds

    def _digest(self, folds: Sequence[Fold]) -> str:
        parts = [*self.origin, fingerprint_folds(folds)]
        digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16)
        digest.update(self.groups.astype("<i8").tobytes())
        return digest.hexdigest()


_SHOWN = 3  # classes listed in a message
_SIDES = ("train", "test", "validation")


def _code_version() -> str:
    """Return the versions of the code that determines a split."""
    code = "".join(inspect.getsource(module) for module in (stratified, chance))
    digest = hashlib.blake2b(code.encode(), digest_size=8).hexdigest()
    return f"{digest} numpy {np.__version__} scikit-learn {version('scikit-learn')}"


def is_division(folds: Sequence[Fold], y: Labels, groups: Rows) -> bool:
    """Return whether folds partition the rows, keep groups and train on all classes.

    Parameters
    ----------
    folds : sequence of Fold
    y : int32 array of shape (n_rows,)
    groups : int64 array of shape (n_rows,)

    Returns
    -------
    bool
        The sides of each fold must contain every row once, the test sides of several
        folds as well.
    """
    parts = [[fold.train, fold.test, fold.validation] for fold in folds]
    if not parts or any(not _are_rows(side) for sides in parts for side in sides):
        return False
    every_row = np.arange(len(groups))
    wholes = [np.concatenate(sides) for sides in parts]
    if len(folds) > 1:
        wholes.append(np.concatenate([fold.test for fold in folds]))
    if any(not np.array_equal(np.sort(whole), every_row) for whole in wholes):
        return False
    return all(
        len(np.concatenate([np.unique(groups[side]) for side in sides]))
        == len(np.unique(groups))
        and len(fold.test)
        and not len(np.setdiff1d(y, y[fold.train]))
        for fold, sides in zip(folds, parts, strict=True)
    )


def _are_rows(side: Rows) -> bool:
    """Return whether an array contains row positions in ascending order."""
    is_list = side.dtype == np.int64 and side.ndim == 1
    return bool(is_list and (np.diff(side) > 0).all())
