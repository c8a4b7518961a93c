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
    from rakuten_bench.interface.comparison import compare

    found = compare(a, b, results=results, dataset=dataset)
    warn = None if no_examples else partial(echo, err=True)
    width = terminal_width()
    echo_as(format_, found.render(format_, rows, width, data_dir=data_dir, warn=warn))
