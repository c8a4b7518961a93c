"""The data and the scenario behind a record, loaded again and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.data import (
    DataPaths,
    DatasetSpec,
    SplitSpec,
    build_split,
    load_dataset,
)
from rakuten_bench.errors import UserError
from rakuten_bench.records import Record
from rakuten_bench.scenario import Scenario, from_words
from rakuten_bench.types import Dataset, Modality, Split

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """What a record was made from; `base` is the folder of its scenario file."""

    scenario: Scenario
    dataset: Dataset
    split: Split
    base: Path | None = None


def load_source(
    record: Record, *, data_dir: Path | None = None, cache: Path | None = None
) -> Source:
    """Load the data of a record and rebuild its scenario.

    Raises
    ------
    UserError
        If the data are absent, or no longer those that the record is of.
    """
    source = record.dataset.source
    if not source:
        message = (
            f"{record.code}: its record does not tell how its data are loaded. Run the "
            f"scenario again with --rerun all."
        )
        raise UserError(message)
    dataset = load_dataset(
        DatasetSpec(source["name"], source["params"]),
        data_dir=data_dir,
        base_dir=Path(source["base_dir"]),
        cache=cache,
    )
    spec = SplitSpec(record.split.scheme, record.split.params, record.split.by_image)
    split = build_split(
        dataset,
        spec,
        cache=cache,
        folder=DataPaths(data_dir, Path(source["base_dir"])).relative_to,
    )
    _check(record, dataset, split)
    return Source(rebuild(record), dataset, split, Path(source["base_dir"]))


def rebuild(record: Record) -> Scenario:
    """Return the scenario that a record's levers and parameters name."""
    modality: Modality = record.modality
    members = tuple(
        from_words(one["levers"], one["params"], one["modality"])
        for one in record.members
    )
    scenario = from_words(record.levers, record.params, modality, record.name, members)
    if scenario.code != record.code:
        message = (
            f"{record.code}: its levers now have the code '{scenario.code}'. The options "
            f"have changed since; run the scenario again."
        )
        raise UserError(message)
    return scenario


def _check(record: Record, dataset: Dataset, split: Split) -> None:
    for what, before, now in (
        ("data", record.dataset.fingerprint, dataset.fingerprint),
        ("split", record.split.fingerprint, split.fingerprint),
    ):
        if before != now:
            message = (
                f"{record.code}: the {what} of '{record.dataset.name}' are not those of "
                f"the record ({before[:8]}, now {now[:8]}). Run the scenario again."
            )
            raise UserError(message)


def choose_row(source: Source, row: str) -> tuple[pd.DataFrame, str]:
    """Return one row of the data, and how to call it.

    Raises
    ------
    UserError
        If no row has the id.
    """
    frame = source.dataset.frame
    found = frame[frame["id"] == row]
    if found.empty:
        known = ", ".join(frame["id"].head(3))
        message = (
            f"'{row}': no row of {source.dataset.name} has this id, such as {known}."
        )
        raise UserError(message)
    title = found["title"].iloc[0][:60]
    truth = found["label"].iloc[0]
    return found, f"row {row} '{title}', true class '{truth}'"
