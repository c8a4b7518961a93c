"""Data sets, how they are split, and what is in them.

Light at import: what a scenario file says can be checked without pandas. A data set is
one function in one module of this package:

    @dataset("mine")
    def mine(place: DataPaths, *, rows: int = 100) -> Dataset:
        '''Say in one line what it is.'''
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.data.spec import (
    DATASETS,
    DataPaths,
    DatasetSpec,
    SplitSpec,
    dataset,
    parse_dataset,
    parse_split,
)
from rakuten_bench.data.split import build_split, inner_folds, split_name

if TYPE_CHECKING:
    from rakuten_bench.types import Dataset

__all__ = [
    "DATASETS",
    "DataPaths",
    "DatasetSpec",
    "SplitSpec",
    "build_split",
    "dataset",
    "inner_folds",
    "load_dataset",
    "parse_dataset",
    "parse_split",
    "split_name",
]


def load_dataset(
    spec: DatasetSpec,
    *,
    data_dir: Path | None = None,
    base_dir: Path | None = None,
    cache: Path | None = None,
) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    spec : DatasetSpec
    data_dir : Path or None
        Folder of the files that the user brings (`--data-dir`); without it the
        environment variable `RAKUTEN_BENCH_DATA` names it.
    base_dir : Path or None
        Folder of the scenario file, which relative paths start from; the working
        folder where None.
    cache : Path or None
        Folder for what is computed once, such as drawn pictures; the user's cache
        folder where None.

    Raises
    ------
    UserError
        If files are absent or unreadable, or rows have no label.
    """
    place = DataPaths(data_dir=data_dir, base_dir=base_dir, cache=cache)
    entry = DATASETS.find(spec.name)
    entry.versions()  # refuses one whose packages are missing
    loaded: Dataset = entry.function(place, **entry.convert(spec.params))
    if data_dir is not None and entry.is_made:
        unused = f"--data-dir {data_dir} is not used: {spec.name} reads no files."
        return replace(loaded, remarks=(*loaded.remarks, unused))
    return loaded
