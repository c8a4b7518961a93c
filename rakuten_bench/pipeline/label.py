"""The labels passed to `fit`: validated, encoded, and kept in their own dtype."""

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
#: As in scikit-learn, so that a search finds it.
_NO_LABELS = " A classifier requires y to be passed, but the target y is None."
#: Types of labels; a boolean is also an int.
_TYPES = ((str, "text"), ((bool, np.bool_), "boolean"), ((int, np.integer), "number"))


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of the training rows.

    Steps order the classes as a data set does (numerically if all are numbers, else
    alphabetically), so that a scenario learns the same from both. scikit-learn's
    scorers expect the columns of probabilities in the order of `np.unique`, which
    differs for numbers written as texts ("10" < "2").

    Attributes
    ----------
    classes : array of shape (n_classes,)
        The unique labels, in the order of `np.unique` and with the labels' own dtype.
    index : int64 array of shape (n_classes,)
        Index of each of `classes` within the steps.
    names : tuple of str, of length n_classes
        The classes as texts, in the order of the steps.
    rows : tuple of str, of length n_rows
        The label of each row as text.
    """

    classes: NDArray[np.generic]
    index: NDArray[np.int64]
    names: tuple[str, ...]
    rows: tuple[str, ...]


def read_labels(y: object, n_rows: int) -> Labels:
    """Validate and encode labels.

    Parameters
    ----------
    y : sequence of n_rows labels
        Texts, whole numbers or booleans; an array, a list, a pandas object, or a table
        of one column.
    n_rows : int

    Raises
    ------
    UserError
        If the number of labels differs from the number of rows, a label is missing, or
        labels have mixed types, an unsupported type, or fractions.
    """
    series = _as_series(y)
    if len(series) != n_rows:
        message = (
            f"y: {n_rows} rows and {len(series)} labels: give one label for each row."
        )
        raise UserError(message)
    _refuse_missing(series)
    values = _as_array(series, y)
    classes, codes = np.unique(values, return_inverse=True)
    spelled = [_spell(value) for value in classes.tolist()]
    names = sort_labels(spelled)
    position = {name: number for number, name in enumerate(names)}
    index = np.array([position[name] for name in spelled], dtype=np.int64)
    return Labels(classes, index, names, tuple(spelled[code] for code in codes))


def check_two_classes(labels: Labels) -> None:
    """Check that there are at least two classes.

    Raises
    ------
    UserError
    """
    if len(labels.names) < 2:
        given = f"1 class, '{labels.names[0]}'" if labels.names else "no labels"
        message = f"y: a classifier needs at least two classes; given: {given}."
        raise UserError(message)


def check_order(X: object, y: object) -> None:
    """Reject labels whose index is a permutation of the rows' index.

    Labels are matched by position, as in scikit-learn. If both indexes have the same
    values in a different order, only one of the two was shuffled or sorted.

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
            f"'{rows[first]}', of the labels '{labels[first]}'). Pass y.loc[X.index], or "
            f"y.to_numpy() if the positions are correct."
        )
        raise UserError(message)


def _as_series(y: Any) -> pd.Series:
    import pandas as pd

    if not hasattr(y, "__len__") and hasattr(y, "__array__"):
        y = np.asarray(y)
    if isinstance(y, str | bytes) or not hasattr(y, "__len__"):
        message = (
            f"y: expected one label for each row, not {type(y).__name__} {y!r:.60}."
        )
        raise UserError(f"{message}{_NO_LABELS}" if y is None else message)
    if isinstance(y, pd.Series):
        return y
    if isinstance(y, pd.DataFrame):
        y = y.to_numpy()
    shape = np.shape(y) if isinstance(y, np.ndarray) else (len(y),)
    if len(shape) > 1 and shape[1:] != (1,):
        message = f"y: has {shape[1]} columns: give one label for each row."
        raise UserError(message)
    return pd.Series(y.ravel() if isinstance(y, np.ndarray) else list(y))


def _refuse_missing(series: pd.Series) -> None:
    blank = [isinstance(value, str) and not value.strip() for value in series]
    missing = (series.isna().to_numpy() | np.array(blank, dtype=bool)).nonzero()[0]
    if len(missing):
        message = (
            f"y: {len(missing):,} of {len(series):,} labels are missing (rows "
            f"{_listed(missing.tolist())}, counted from 0). Label these rows, or remove "
            f"them from X and y."
        )
        raise UserError(message)


def _as_array(series: pd.Series, y: object) -> NDArray[np.generic]:
    """Return labels of one sortable type, in their original dtype."""
    values = np.asarray(series if series.dtype != object else series.infer_objects())
    if values.dtype.kind == "f":
        _refuse_fractions(values)
        return values
    by_type = {type(value): value for value in series}
    kinds = {_kind(value) for value in by_type.values()}
    if len(kinds) > 1:
        message = (
            f"y: labels have several types ({' and '.join(sorted(kinds))}). Convert "
            f"them to one type."
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
    fractions = (~np.isfinite(values) | (values != values.round())).nonzero()[0]
    if len(fractions):
        message = (
            f"y: labels must be classes, not continuous values: {values[fractions[0]]} "
            f"(row {fractions[0]}, counted from 0) is not an integer."
        )
        raise UserError(message)


def _spell(value: object) -> str:
    """Return the name of a class, written as in a data set."""
    return str(int(value)) if isinstance(value, float) else str(value)


def _listed(values: Sequence[object]) -> str:
    more = ", ..." if len(values) > _SHOWN else ""
    return ", ".join(f"{value}" for value in values[:_SHOWN]) + more
