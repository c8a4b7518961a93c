"""`rakuten-bench show`."""

from __future__ import annotations

from pathlib import Path

import click

from rakuten_bench.cli._complete import Code
from rakuten_bench.cli._option import board_option, results_option
from rakuten_bench.cli._stream import terminal_width
from rakuten_bench.interface.printing import echo
from rakuten_bench.interface.writing import write_files


@click.command("show")
@click.argument("code", type=Code())
@board_option()
@results_option()
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Also write heat map and learning curves there, as PNG and SVG.",
)
def command(code: str, dataset: str | None, results: Path, plots: Path | None) -> None:
    """Show one scenario: levers, scores, classes, notable confusions, costs, origin.

    CODE is the scenario's code, or its name.

    \b
    Example:
      rakuten-bench show T2101-0231-0010
    """
    from rakuten_bench import report

    folder = report.find_scenario(results, code, dataset)
    width = terminal_width()
    echo(report.render_scenario(folder, width), nl=False)
    if plots is not None:
        write_files(plots, report.scenario_plots(folder))
