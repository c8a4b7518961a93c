"""The data and the scenario behind a record, loaded again and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.data import DataPaths, build_split
from rakuten_bench.engine.origin import load_data, study_of
from rakuten_bench.errors import UserError
from rakuten_bench.records import Record
from rakuten_bench.scenario import Scenario
from rakuten_bench.store.layout import default_cache
from rakuten_bench.types import Dataset, Split

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """Inputs of a record; `base` is the folder of its scenario file."""

    scenario: Scenario
    dataset: Dataset
    split: Split
    base: Path | None = None
    plugins: tuple[Path, ...] = ()


def load_source(
    record: Record, *, data_dir: Path | None = None, cache: Path | None = None
) -> Source:
    """Load the data of a record and rebuild its scenario.

    Raises
    ------
    UserError
        If the data are missing, or have changed since the record was written.
    """
    if not record.dataset.source:
        message = (
            f"{record.code}: its record lacks the source of its data. Run the scenario "
            f"again with --rerun all."
        )
        raise UserError(message)
    study = study_of(record, cache or default_cache())
    units = study.plugins.units
    dataset = load_data(record.dataset, data_dir=data_dir, cache=cache, units=units)
    base = study.path.parent
    folder = DataPaths(data_dir, base).relative_to
    split = build_split(dataset, study.split, cache=cache, folder=folder)
    _check(record, dataset, split)
    scenario = _check_code(record, study.scenarios[0])
    return Source(scenario, dataset, split, base, study.plugins.paths)


def rebuild(record: Record, cache: Path) -> Scenario:
    """Return the scenario of a record.

    Raises
    ------
    UserError
        If its options have other codes now, or as `study_of`.
    """
    return _check_code(record, study_of(record, cache).scenarios[0])


def _check_code(record: Record, scenario: Scenario) -> Scenario:
    """Return the scenario of a record.

    Raises
    ------
    UserError
        If its options have other codes now.
    """
    if scenario.code != record.code:
        message = (
            f"{record.code}: its levers now have the code '{scenario.code}': options have "
            f"changed since the run. Run the scenario again."
        )
        raise UserError(message)
    return scenario


def _check(record: Record, dataset: Dataset, split: Split) -> None:
    for noun, before, now in (
        ("data", record.dataset.fingerprint, dataset.fingerprint),
        ("split", record.split.fingerprint, split.fingerprint),
    ):
        if before != now:
            message = (
                f"{record.code}: the {noun} of '{record.dataset.name}' changed since the "
                f"record was written ({before[:8]}, now {now[:8]}). Run the scenario again."
            )
            raise UserError(message)


def choose_row(source: Source, row: str) -> tuple[pd.DataFrame, str]:
    """Return one row of the data, and a description of it.

    Raises
    ------
    UserError
        If no row has the id.
    """
    frame = source.dataset.frame
    rows = frame[frame["id"] == row]
    if rows.empty:
        known = ", ".join(frame["id"].head(3))
        message = (
            f"'{row}': no row of {source.dataset.name} has this id. First ids: {known}."
        )
        raise UserError(message)
    title = rows["title"].iloc[0][:60]
    truth = rows["label"].iloc[0]
    return rows, f"row {row} '{title}', true class '{truth}'"
