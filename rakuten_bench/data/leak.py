"""Detect ids and image paths that leak the label."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from rakuten_bench.types import Dataset

if TYPE_CHECKING:
    import pandas as pd

#: Minimum share of rows whose label is determined by a key shared by several rows.
_NEARLY_ALL = 0.95


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.casefold()))


#: Column -> part of its values that may leak the label -> how to extract it.
_PARTS: Mapping[str, Mapping[str, Callable[[str], str]]] = {
    "image_path": {
        "folder": lambda path: str(PurePath(path).parent),
        "file name": lambda path: _letters(PurePath(path).stem),
    },
    "id": {"word": _letters},
}


def find_leaks(dataset: Dataset, column: str) -> Iterator[str]:
    """Return which part of a column's values determines the label of nearly all rows.

    Parameters
    ----------
    dataset : Dataset
    column : str
        Of `types.COLUMNS`.
    """
    for part, read in _PARTS.get(column, {}).items():
        n_rows = count_told(dataset.frame[column].map(read), dataset.frame["label"])
        if n_rows:
            value, label = dataset.frame[[column, "label"]].iloc[0]
            yield (
                f"the {part} in column '{column}' determines the label of {n_rows:,} of "
                f"{len(dataset.frame):,} rows, such as '{label}' of "
                f"'{'/'.join(PurePath(value).parts[-2:])}'"
            )


def count_told(keys: pd.Series, labels: pd.Series) -> int:
    """Return how many rows have the most frequent label of their key; 0 if no leak.

    A key of a single row does not predict other rows. Guessing the largest class is not
    a leak either.

    Parameters
    ----------
    keys, labels : Series of str of shape (n_rows,)
    """
    counts = labels.groupby([keys, labels]).size()
    of_key = counts.groupby(level=0)
    n_hits = int(of_key.max()[of_key.sum() > 1].sum())
    baseline = int(labels.value_counts().max())
    needed = max(_NEARLY_ALL * len(labels), (baseline + len(labels)) / 2)
    return n_hits if n_hits >= needed and n_hits > baseline else 0
