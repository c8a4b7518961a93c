"""The labels that a user gives `fit`: checked, numbered, kept in their own dtype."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.errors import UserError
from rakuten_bench.types import sort_labels

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5  # rows or classes listed in a message
#: What a label may be; a boolean is also an int.
_TYPES = ((str, "text"), ((bool, np.bool_), "boolean"), ((int, np.integer), "number"))


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of the training rows.

    The steps number the classes as a data set does (by number where all are numbers,
    else by spelling), so that a scenario learns the same from either. scikit-learn's
    scorers expect the columns of probabilities in the order of `np.unique`, which
    differs where numbers are spelled out ("10" < "2").

    Attributes
    ----------
    classes : array of shape (n_classes,)
        Each label once, in the order of `np.unique` and with the labels' own dtype.
    index : int64 array of shape (n_classes,)
        Number of each of `classes` among the steps.
    names : tuple of str, of length n_classes
        The classes spelled out, in the order of the steps.
    rows : tuple of str, of length n_rows
        The name of each row's label.
    """

    classes: NDArray[np.generic]
    index: NDArray[np.int64]
    names: tuple[str, ...]
    rows: tuple[str, ...]


def read_labels(y: object, n_rows: int) -> Labels:
    """Check labels and number them.

    Parameters
    ----------
    y : sequence of n_rows labels
        Texts, whole numbers or booleans; an array, a list, a pandas object, or a table
        of one column.
    n_rows : int

    Raises
    ------
    UserError
        If there is not one label for each row, one is missing, or they are of several
        types, of another type, or fractions.
    """
    series = _as_series(y)
    if len(series) != n_rows:
        message = (
            f"y: {n_rows} rows and {len(series)} labels: one label a row is needed."
        )
        raise UserError(message)
    _refuse_missing(series)
    values = _as_array(series, y)
    classes, codes = np.unique(values, return_inverse=True)
    spelled = [_spell(value) for value in classes.tolist()]
    names = sort_labels(spelled)
    place = {name: number for number, name in enumerate(names)}
    index = np.array([place[name] for name in spelled], dtype=np.int64)
    return Labels(classes, index, names, tuple(spelled[code] for code in codes))


def refuse_single(labels: Labels) -> None:
    """Refuse labels of fewer than two classes.

    Raises
    ------
    UserError
    """
    if len(labels.names) < 2:
        found = f"one, '{labels.names[0]}'" if labels.names else "no label at all"
        message = f"y: a classifier needs two classes; there is {found}."
        raise UserError(message)


def refuse_shuffled(X: object, y: object) -> None:
    """Refuse labels whose index is that of the rows in another order.

    Labels are taken by position, as scikit-learn does. Where both indexes hold the same
    values in another order, only one of the two was shuffled or sorted.

    Raises
    ------
    UserError
    """
    import pandas as pd

    if not (isinstance(X, pd.DataFrame) and isinstance(y, pd.Series | pd.DataFrame)):
        return
    rows, labels = X.index, y.index
    if len(rows) != len(labels) or rows.equals(labels) or not rows.is_unique:
        return
    if labels.is_unique and rows.isin(labels).all():
        first = int((np.asarray(rows) != np.asarray(labels)).argmax())
        message = (
            f"y: has the index of the rows in another order (row {first} of the table is "
            f"'{rows[first]}', of the labels '{labels[first]}'). Give y.loc[X.index], or "
            f"y.to_numpy() where the positions are right."
        )
        raise UserError(message)


def _as_series(y: Any) -> pd.Series:
    import pandas as pd

    if isinstance(y, str | bytes) or not hasattr(y, "__len__"):
        message = f"y: one label a row is needed, not {type(y).__name__} {y!r:.60}."
        raise UserError(message)
    if isinstance(y, pd.Series):
        return y
    if isinstance(y, pd.DataFrame):
        y = y.to_numpy()
    shape = np.shape(y) if isinstance(y, np.ndarray) else (len(y),)
    if len(shape) > 1 and shape[1:] != (1,):
        message = f"y: has {shape[1]} columns: one label a row is needed."
        raise UserError(message)
    return pd.Series(y.ravel() if isinstance(y, np.ndarray) else list(y))


def _refuse_missing(series: pd.Series) -> None:
    blank = [isinstance(value, str) and not value.strip() for value in series]
    missing = (series.isna().to_numpy() | np.array(blank, dtype=bool)).nonzero()[0]
    if len(missing):
        message = (
            f"y: {len(missing):,} of {len(series):,} labels are missing (rows "
            f"{_listed(missing.tolist())}, counted from 0). Give these rows a label, or "
            f"leave them out of X and y."
        )
        raise UserError(message)


def _as_array(series: pd.Series, y: object) -> NDArray[np.generic]:
    """Return labels of one sortable type, in the dtype that the user gave."""
    values = np.asarray(series if series.dtype != object else series.infer_objects())
    if values.dtype.kind == "f":
        _refuse_fractions(values)
        return values
    kinds = {_kind(value) for value in {type(one): one for one in series}.values()}
    if len(kinds) > 1:
        message = (
            f"y: labels are of several types ({' and '.join(sorted(kinds))}). Make them "
            f"one type."
        )
        raise UserError(message)
    if kinds == {"text"} and not hasattr(y, "dtype"):
        return np.array(values.tolist())
    return values


def _kind(value: object) -> str:
    for types, kind in _TYPES:
        if isinstance(value, types):
            return kind
    message = (
        f"y: labels must be texts, whole numbers or booleans, not "
        f"{type(value).__name__} {value!r:.60}."
    )
    raise UserError(message)


def _refuse_fractions(values: NDArray[np.generic]) -> None:
    broken = (~np.isfinite(values) | (values != values.round())).nonzero()[0]
    if len(broken):
        message = (
            f"y: labels are classes, not measures: {values[broken[0]]} (row "
            f"{broken[0]}, counted from 0) is no whole number."
        )
        raise UserError(message)


def _spell(value: object) -> str:
    """Return the name of a class, spelled as a data set spells it."""
    return str(int(value)) if isinstance(value, float) else str(value)


def _listed(values: Sequence[object]) -> str:
    more = ", ..." if len(values) > _SHOWN else ""
    return ", ".join(f"{value}" for value in values[:_SHOWN]) + more
