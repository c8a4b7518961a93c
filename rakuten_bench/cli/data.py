"""`rakuten-bench data`: list, describe and synthesize data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rakuten_bench.cli._option import cache_option, data_dir_option
from rakuten_bench.cli._stream import echo_as
from rakuten_bench.cli._suggest import SuggestingGroup
from rakuten_bench.interface.printing import echo
from rakuten_bench.wording.format import render_json
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    from rakuten_bench.data import DatasetSpec, SplitSpec


@click.group(
    "data", cls=SuggestingGroup, short_help="List, describe and synthesize data sets."
)
def command() -> None:
    """List, describe and synthesize data sets.

    \b
    Example:
      rakuten-bench data list
      rakuten-bench data describe openmoji
    """


@command.command("list", short_help="List the available data sets.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_command(as_json: bool) -> None:
    """List the data sets and splits that a scenario file can name.

    \b
    Example:
      rakuten-bench data list
    """
    from rakuten_bench.data.catalog import list_entries
    from rakuten_bench.interface.description import draw_table

    entries = list_entries()
    if as_json:
        echo_as("json", render_json(entries))
        return
    for kind, found in entries.items():
        rows = [(entry["name"], entry["doc"], _signature(entry)) for entry in found]
        echo(draw_table(rows, (kind, "what it is", "parameters")))
        echo()


def _signature(entry: dict[str, Any]) -> str:
    return "\n".join(
        f"{name}: required" if name in entry["required"] else f"{name}={value!r}"
        for name, value in entry["parameters"].items()
    )


@command.command("describe", short_help="Summarize a data set.")
@click.argument("name", required=False)
@data_dir_option()
@click.option(
    "--scenario-file",
    type=click.Path(path_type=Path),
    help="Describe the data set and the split of a scenario file.",
)
@cache_option("Cache of computed values.")
@click.option(
    "--images/--no-images",
    default=True,
    show_default=True,
    help="Open every image to check whether it can be read.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def describe_command(
    name: str | None,
    data_dir: Path | None,
    scenario_file: Path | None,
    cache: Path | None,
    images: bool,
    as_json: bool,
) -> None:
    """Count classes, missing values, lengths, languages, duplicates, images.

    \b
    Example:
      rakuten-bench data describe openmoji
      rakuten-bench data describe rakuten --data-dir ~/rakuten --json
      rakuten-bench data describe --scenario-file scenarios/text/levers.yaml
    """
    from rakuten_bench.interface.description import describe_data

    spec, split = _what_to_describe(name, scenario_file)
    found = describe_data(
        spec,
        split,
        base=scenario_file.parent if scenario_file else None,
        data_dir=data_dir,
        cache=cache,
        images=images,
    )
    if as_json:
        echo_as("json", render_json(found.facts))
    else:
        echo(found)


def _what_to_describe(
    name: str | None, scenario_file: Path | None
) -> tuple[DatasetSpec, SplitSpec]:
    from rakuten_bench.data import SplitSpec, parse_dataset

    if scenario_file is not None:
        from rakuten_bench.scenario.load import load_study

        study = load_study(scenario_file)
        if name is None or name == study.dataset.name:
            return study.dataset, study.row_split
        return parse_dataset(name), study.split
    if name is None:
        message = "Name a data set, or a scenario file with --scenario-file."
        raise click.UsageError(message)
    return parse_dataset(name), SplitSpec()


@command.command(
    "synthesize", short_help="Synthesize a catalogue like the challenge's."
)
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=84916,
    show_default=True,
    help="Listings.",
)
@click.option(
    "--images",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Number of listings with a photo.",
)
@click.option("--seed", default=123, show_default=True, help="Random seed.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Output folder.",
)
def synthesize_command(rows: int, images: int, seed: int, out: Path) -> None:
    """Synthesize a catalogue with the layout and profile of the challenge.

    It contains no real listing. The data set `rakuten` reads it with --data-dir, and
    every board on it is marked as synthetic.

    \b
    Example:
      rakuten-bench data synthesize --rows 84916 --images 2000 --out made-up
    """
    from rakuten_bench.data.synthesis import synthesize

    synthesize(out, rows=rows, images=images, random_state=seed)
    echo(f"{out}: {number(rows, 'listing')}, {number(min(rows, images), 'photo')}.")
