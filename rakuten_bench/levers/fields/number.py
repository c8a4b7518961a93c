"""Numeric features of a row beside its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.types import Params

if TYPE_CHECKING:
    import pandas as pd

#: Measured as shares of a text's characters.
_SHARES = (r"\d", r"[A-ZÀ-Þ]", r"[^\w\s]")


def columns_of(*texts: str) -> Callable[[Params], frozenset[str]]:
    """Return the names of the text columns and of the numeric features beside them."""

    def find(params: Params) -> frozenset[str]:
        described = ("description",) if params["missing"] else ()
        measured = ("title", "description") if params["measures"] else ()
        return frozenset({*texts, *described, *measured})

    return find


def extra(frame: pd.DataFrame, *, missing: bool, measures: bool) -> NDArray[np.float64]:
    """Return the numeric features that the model gets beside the words.

    Parameters
    ----------
    frame : DataFrame with title and description
    missing : bool
        Whether to add an indicator of a missing description: 1 or 0.
    measures : bool
        Whether to measure both texts.

    Returns
    -------
    float64 array of shape (n_rows, 0, 1, 10 or 11)
    """
    columns: list[NDArray[np.float64]] = []
    if missing:
        columns.append((frame["description"] == "").to_numpy(np.float64))
    if measures:
        columns += _measure(frame["title"]) + _measure(frame["description"])
    return np.column_stack([np.empty((len(frame), 0)), *columns])


def _measure(texts: pd.Series) -> list[NDArray[np.float64]]:
    """Return log lengths in characters and words; shares of digits, capitals, signs."""
    length = texts.str.len().to_numpy(np.float64)
    words = (texts.str.count(r"\S+")).to_numpy(np.float64)
    shares = [
        texts.str.count(pattern).to_numpy(np.float64) / np.maximum(length, 1)
        for pattern in _SHARES
    ]
    return [np.log1p(length), np.log1p(words), *shares]
