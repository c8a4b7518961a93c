"""The rows passed to `fit` and `predict`: a table, or one column of texts or paths."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rakuten_bench.errors import UserError
from rakuten_bench.types import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

_INPUTS = ("title", "description", "image_path")


def read_rows(X: Any, columns: Collection[str]) -> pd.DataFrame:
    """Return rows as a table.

    Parameters
    ----------
    X : DataFrame, or array-like of shape (n_rows,) or (n_rows, 1)
        A column without a name is the first text column of `columns`, or the images.
    columns : collection of str
        The columns of `types.COLUMNS` that are read.

    Raises
    ------
    UserError
        If X is neither, or a single column does not suffice.
    """
    import pandas as pd

    if hasattr(X, "columns"):
        return X
    _refuse_scalar(X)
    values = _as_column(X)
    name = _name_column(columns)
    return pd.DataFrame({name: values})


def _name_column(columns: Collection[str]) -> str:
    """Return the column that values without a name belong to."""
    texts = [name for name in _INPUTS[:2] if name in columns]
    images = [name for name in _INPUTS[2:] if name in columns]
    if bool(texts) == bool(images):
        read = [name for name in COLUMNS if name in columns]
        message = (
            f"X: is one column, but the scenario reads {' and '.join(read)}. Pass a "
            f"data frame with these columns."
        )
        raise UserError(message)
    return [*texts, *images][0]


def _refuse_scalar(X: Any) -> None:
    """Refuse a single value, an iterator, a mapping, and matrices, which have no texts."""
    is_column = hasattr(X, "__array__") or hasattr(X, "__len__")
    is_sparse = hasattr(X, "tocsr")
    if is_sparse or not is_column or isinstance(X, str | bytes | Mapping):
        kind = "a sparse matrix" if is_sparse else type(X).__name__
        message = (
            f"X: expected a data frame with columns such as 'title', or a list or array "
            f"of texts, not {kind}. Create one: pandas.DataFrame({{'title': texts}})."
        )
        raise UserError(message)


def _as_column(X: Any) -> Any:
    """Return the values of a single column.

    Raises
    ------
    UserError
        If an array has several columns.
    """
    if not hasattr(X, "__array__"):
        return list(X)
    values = X if hasattr(X, "index") else np.asarray(X)
    if values.ndim != 1 and values.shape[1:] != (1,):
        message = (
            f"X: an array of shape {values.shape} has no column names. Pass a data "
            f"frame with columns such as 'title', or an array with one text for each row."
        )
        raise UserError(message)
    return values if values.ndim == 1 else values.ravel()
