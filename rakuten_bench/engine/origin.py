"""Reconstruct scenario, split and data of a record."""

from __future__ import annotations

from pathlib import Path

from rakuten_bench.data import DatasetSpec, SplitSpec, load_dataset
from rakuten_bench.records import DatasetInfo, Record
from rakuten_bench.scenario import Scenario, from_words
from rakuten_bench.scenario.load import StudySpec
from rakuten_bench.types import Dataset


def study_of(record: Record) -> StudySpec:
    """Return a study with only the scenario of a record.

    Raises
    ------
    UserError
        If an option or parameter of it no longer exists.
    """
    return StudySpec(
        path=(_folder_of(record.dataset) or Path()) / "record",
        dataset=_spec_of(record.dataset),
        split=SplitSpec(
            record.split.scheme, record.split.params, record.split.by_image
        ),
        seed=record.seed,
        scenarios=(scenario_of(record),),
    )


def scenario_of(record: Record) -> Scenario:
    """Return the scenario with a record's levers and parameters.

    Its code differs from the record's if options have changed since.

    Raises
    ------
    UserError
        If an option or parameter of it no longer exists.
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
    """Load the present data set of a record; its fingerprint may differ.

    Raises
    ------
    UserError
        If it is not available.
    """
    return load_dataset(
        _spec_of(info), data_dir=data_dir, base_dir=_folder_of(info), cache=cache
    )


def _spec_of(info: DatasetInfo) -> DatasetSpec:
    """Return the data set by name; old records have only its name."""
    return DatasetSpec(
        info.source.get("name", info.name), info.source.get("params", {})
    )


def _folder_of(info: DatasetInfo) -> Path | None:
    """Return the folder of the scenario file; None if the record lacks it."""
    folder = info.source.get("base_dir", "")
    return Path(folder) if folder else None
