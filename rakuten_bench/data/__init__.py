"""Data sets, splits and audits.

Light at import: a scenario file can be checked without pandas. A data set is
one function in one module of this package:

    @dataset("mine")
    def mine(paths: DataPaths, *, rows: int = 100) -> Dataset:
        '''One line that describes it.'''
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.activity import announce
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
        Folder of the user's files (`--data-dir`); by default that of the
        environment variable `RAKUTEN_BENCH_DATA`.
    base_dir : Path or None
        Folder of the scenario file, which paths are relative to; the working
        folder if None.
    cache : Path or None
        Folder for cached values, such as rendered images; the user's cache
        folder if None.

    Raises
    ------
    UserError
        If files are missing or unreadable, or rows have no label.
    """
    paths = DataPaths(data_dir=data_dir, base_dir=base_dir, cache=cache)
    entry = DATASETS.find(spec.name, spec.units)
    entry.versions()  # raises if packages are missing
    announce("reading data set '%s'", spec.name)
    loaded: Dataset = entry.function(paths, **entry.convert(spec.params))
    if data_dir is not None and entry.is_made:
        unused = f"--data-dir {data_dir} is not used: {spec.name} reads no files."
        return replace(loaded, remarks=(*loaded.remarks, unused))
    return loaded
