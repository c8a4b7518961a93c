"""Tables as a notebook shows them: short enough to read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def find_varying(table: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Return the columns whose values differ between rows; all for a single row."""
    if len(table) == 1:
        return [*columns]
    return [name for name in columns if table[name].nunique(dropna=False) > 1]
