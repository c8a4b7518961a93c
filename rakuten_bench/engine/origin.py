"""The way back from a record: its scenario, its split, its data."""

from __future__ import annotations

from pathlib import Path

from rakuten_bench.data import DatasetSpec, SplitSpec, load_dataset
from rakuten_bench.records import DatasetInfo, Record
from rakuten_bench.scenario import Scenario, from_words
from rakuten_bench.scenario.load import Study
from rakuten_bench.types import Dataset


def study_of(record: Record) -> Study:
    """Return a study of the one scenario that a record is of.

    Raises
    ------
    UserError
        If an option or parameter of it is no longer there.
    """
    return Study(
        path=(_folder_of(record.dataset) or Path()) / "record",
        dataset=_spec_of(record.dataset),
        split=SplitSpec(
            record.split.scheme, record.split.params, record.split.by_image
        ),
        seed=record.seed,
        scenarios=(scenario_of(record),),
    )


def scenario_of(record: Record) -> Scenario:
    """Return the scenario that a record's levers and parameters name.

    Its code is another one than the record's where options have changed since.

    Raises
    ------
    UserError
        If an option or parameter of it is no longer there.
    """
    members = tuple(
        from_words(one["levers"], one["params"], one["modality"])
        for one in record.members
    )
    return from_words(
        record.levers, record.params, record.modality, record.name, members
    )


def load_data(
    info: DatasetInfo, *, data_dir: Path | None = None, cache: Path | None = None
) -> Dataset:
    """Load the data set of a record as it is now; its fingerprint may be another one.

    Raises
    ------
    UserError
        If it is not at hand.
    """
    return load_dataset(
        _spec_of(info), data_dir=data_dir, base_dir=_folder_of(info), cache=cache
    )


def _spec_of(info: DatasetInfo) -> DatasetSpec:
    """Return the data set by name; old records tell its name only."""
    return DatasetSpec(
        info.source.get("name", info.name), info.source.get("params", {})
    )


def _folder_of(info: DatasetInfo) -> Path | None:
    """Return the folder of the scenario file; None where the record doesn't tell."""
    folder = info.source.get("base_dir", "")
    return Path(folder) if folder else None
