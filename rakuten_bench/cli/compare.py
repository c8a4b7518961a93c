"""`rakuten-bench compare`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from rakuten_bench.cli._complete import Code
from rakuten_bench.cli._option import (
    board_option,
    data_dir_option,
    format_option,
    results_option,
)
from rakuten_bench.cli._stream import echo_as, terminal_width
from rakuten_bench.interface.printing import echo
from rakuten_bench.wording.format import FORMATS


@click.command("compare")
@click.argument("a", type=Code())
@click.argument("b", type=Code())
@board_option("Board, if several have a scenario.")
@data_dir_option("Folder of your data, to show the text of rows.")
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="Changed rows of each kind to list; JSON lists all.",
)
@format_option()
@click.option("--no-examples", is_flag=True, help="Omit texts of the data.")
@results_option()
def command(
    a: str,
    b: str,
    dataset: str | None,
    data_dir: Path | None,
    rows: int,
    format_: str,
    no_examples: bool,
    results: Path,
) -> None:
    """Compare scenario B with A on the same test rows.

    A and B are codes, names, or folders of records. Shows the levers that differ, the
    differences of the scores with confidence intervals, the classes, and the rows
    predicted differently.

    \b
    Example:
      rakuten-bench compare T2101-0231-0010 T2101-0241-0010
      rakuten-bench compare results/openmoji/T0 elsewhere/openmoji/T0
    """
    from rakuten_bench import report
    from rakuten_bench.interface.example import find_examples

    folders = [report.find_scenario(results, code, dataset) for code in (a, b)]
    found = report.compare(*folders)
    wanted = (
        rows > 0 and not FORMATS[format_].is_data and not no_examples and found.changes
    )
    examples = (
        find_examples(found.a.dataset, data_dir, partial(echo, err=True))
        if wanted
        else {}
    )
    width = terminal_width()
    echo_as(format_, report.render_comparison(found, format_, rows, examples, width))
