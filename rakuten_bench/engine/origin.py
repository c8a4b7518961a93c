"""Reconstruct scenario, split and data of a record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rakuten_bench.data import DatasetSpec, SplitSpec, load_dataset
from rakuten_bench.errors import UserError
from rakuten_bench.records import DatasetInfo, Record
from rakuten_bench.scenario import Scenario, from_words
from rakuten_bench.scenario.load import StudySpec
from rakuten_bench.scenario.plugin import Plugins
from rakuten_bench.store.layout import Layout
from rakuten_bench.trust import is_remembered, remember
from rakuten_bench.types import Dataset


def study_of(record: Record, cache: Path) -> StudySpec:
    """Return a study with only the scenario of a record.

    Parameters
    ----------
    record : Record
    cache : Path
        Where runs note the user's files that they have run: only these are imported.

    Raises
    ------
    UserError
        If an option or parameter of it no longer exists, or it runs a file of the user
        that is missing, can't be imported, or was not run from here.
    """
    plugins = load_plugins(record, cache)
    return StudySpec(
        path=(_folder_of(record.dataset) or Path()) / "record",
        dataset=_spec_of(record.dataset, plugins.units),
        split=SplitSpec(
            record.split.scheme, record.split.params, record.split.by_image
        ),
        seed=record.seed,
        scenarios=(_scenario_of(record, plugins, cache),),
        plugins=plugins,
    )


def load_plugins(record: Record, cache: Path) -> Plugins:
    """Import the user's files whose options a record's scenario may use.

    Raises
    ------
    UserError
        If one is missing, can't be imported, or was not run from here.
    """
    plugins = Plugins(_folder_of(record.dataset) or Path())
    for name in record.plugins:
        file = plugins.base / name
        if file.exists():
            _check_trusted(record, str(file.resolve()), cache)
        plugins = plugins.add(Path(name), f"{record.code}: its plugin {file}")
    return plugins


def _scenario_of(record: Record, plugins: Plugins, cache: Path) -> Scenario:
    """Return the scenario with a record's levers and parameters.

    Its code differs from the record's if options have changed since.
    """
    units = plugins.units
    members = tuple(
        from_words(one["levers"], one["params"], one["modality"], units=units)
        for one in record.members
    )
    scenario = from_words(
        *(record.levers, record.params, record.modality, record.name, members), units
    )
    for call in plugins.describe_calls([scenario]):
        _check_trusted(record, call, cache)
    return plugins.complete(scenario)


def _check_trusted(record: Record, code: str, cache: Path) -> None:
    """Reject code that the user has not run: anybody can have written the record.

    Raises
    ------
    UserError
    """
    if not is_remembered(Layout(cache).trusted, code):
        message = (
            f"{record.code}: runs {code}, which no scenario file has run from here, and "
            f"its record could be somebody else's. If you trust it, name its scenario "
            f"file first: rakuten-bench plan FILE"
        )
        raise UserError(message)


def remember_code(study: StudySpec, cache: Path) -> None:
    """Note the user's code that a study runs: its records may import it later."""
    files = (str(file.resolve()) for file in study.plugins.paths)
    for code in (*files, *study.plugins.describe_calls(study.scenarios)):
        remember(Layout(cache).trusted, code)


def load_data(
    info: DatasetInfo,
    *,
    data_dir: Path | None = None,
    cache: Path | None = None,
    units: Sequence[str] = (),
) -> Dataset:
    """Load the present data set of a record; its fingerprint may differ.

    `units` are the user's modules that may define it.

    Raises
    ------
    UserError
        If it is not available.
    """
    spec, base = _spec_of(info, units), _folder_of(info)
    return load_dataset(spec, data_dir=data_dir, base_dir=base, cache=cache)


def _spec_of(info: DatasetInfo, units: Sequence[str] = ()) -> DatasetSpec:
    """Return the data set by name; old records have only its name."""
    name = info.source.get("name", info.name)
    return DatasetSpec(name, info.source.get("params", {}), tuple(units))


def _folder_of(info: DatasetInfo) -> Path | None:
    """Return the folder of the scenario file; None if the record lacks it."""
    folder = info.source.get("base_dir", "")
    return Path(folder) if folder else None
