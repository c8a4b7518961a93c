"""`rakuten-bench report`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rakuten_bench.activity import announce
from rakuten_bench.cli._option import (
    board_option,
    cache_option,
    data_dir_option,
    format_option,
    results_option,
)
from rakuten_bench.cli._stream import echo_as, terminal_width
from rakuten_bench.cli._text import Text
from rakuten_bench.errors import UserError
from rakuten_bench.interface.printing import echo
from rakuten_bench.interface.writing import write_files, write_page
from rakuten_bench.metric import METRICS
from rakuten_bench.wording.format import FORMATS
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    from rakuten_bench.report import Ranking

_PLOTTED = 5  # scenarios of a board with separate plots, at most


@click.command("report")
@board_option("Board or data set; all by default.")
@click.option(
    "--top", type=click.IntRange(min=1), metavar="N", help="Best N scenarios only."
)
@click.option(
    "--sort",
    type=click.Choice([*METRICS]),
    help="Score to rank by; default: the 'metric' of the scenario file.",
)
@click.option(
    "--on",
    "subset",
    type=Text(),
    default="",
    metavar="LANGUAGE",
    help="Score only test rows in this language.",
)
@format_option("rows")
@click.option(
    "--spreadsheet-safe",
    is_flag=True,
    help="With --format csv: put ' before texts that a spreadsheet would run as formulas.",
)
@results_option()
@cache_option("Cache of verified records, intervals and groups.")
@click.option("--effects", is_flag=True, help="Show lever effects instead.")
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Also write plots there, as PNG and SVG; confusion and learning curves of the "
    f"best {_PLOTTED} (or --top, if fewer); others: rakuten-bench show CODE --plots DIR.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write one offline HTML file.",
)
@click.option(
    "--no-examples",
    is_flag=True,
    help="Omit texts and images of the data from the HTML file.",
)
@data_dir_option("Folder of your data, for the examples of the HTML file.")
@click.option(
    "--mlflow",
    "uri",
    metavar="URI",
    help="Also log each scenario as a run there (needs the extra 'mlflow').",
)
def command(
    dataset: str | None,
    top: int | None,
    sort: str | None,
    subset: str,
    format_: str,
    spreadsheet_safe: bool,
    results: Path,
    cache: Path | None,
    effects: bool,
    plots: Path | None,
    html: Path | None,
    no_examples: bool,
    data_dir: Path | None,
    uri: str | None,
) -> None:
    """Rank the scenarios that ran.

    Each data set, split and subset has a separate board. A failed scenario is a row
    with its cause.

    \b
    Example:
      rakuten-bench report --top 10
      rakuten-bench report --effects --plots plots
      rakuten-bench report --html board.html --no-examples
      rakuten-bench report --dataset openmoji --on fr --sort f1_macro
      rakuten-bench report --mlflow sqlite:///mlflow.db
      rakuten-bench report --format csv > board.csv
    """
    from rakuten_bench import report
    from rakuten_bench.interface.board import find_cache, open_ranking, with_standing

    if spreadsheet_safe and format_ != "csv":
        message = "--spreadsheet-safe needs --format csv."
        raise UserError(message)
    # intervals and groups are shown by boards only, not by effects
    has_standings = not effects or html is not None
    names = report.choose_boards(results, dataset)
    cache = cache or find_cache()
    boards = [open_ranking(results, name, sort, subset, cache) for name in names]
    if has_standings:
        boards = [with_standing(board, cache, top) for board in boards]
    width = terminal_width()
    written = "spreadsheet" if spreadsheet_safe else format_
    if effects:
        announce("estimating the effects of levers")
        estimated = [(board, report.lever_effects(board)) for board in boards]
        echo_as(format_, report.render_effects(estimated, written, width))
    else:
        echo_as(format_, report.render_boards(boards, written, top, width))
    if plots is not None:
        _write_plots(plots, boards, min(top or _PLOTTED, _PLOTTED))
    if html is not None:
        _write_page(html, boards, data_dir, not no_examples)
    if uri is not None:
        _log_boards(boards, uri)
    if effects or FORMATS[format_].is_data:
        _say_left_out(boards)


def _log_boards(boards: Sequence[Ranking], uri: str) -> None:
    from rakuten_bench import report

    logged = report.log_boards(boards, uri)
    new = number(logged.new, "run")
    echo(f"{uri}: {new} logged, {logged.known:,} already logged", err=True)


def _write_plots(folder: Path, boards: Sequence[Ranking], n_scenarios: int) -> None:
    from rakuten_bench.report import board_plots

    announce("drawing plots")
    files = (file for board in boards for file in board_plots(board, n_scenarios))
    n_files = write_files(folder, files)
    echo(f"{folder}: {number(n_files, 'file')}", err=True)


def _say_left_out(boards: Sequence[Ranking]) -> None:
    for sentence in (s for board in boards for s in board.left_out):
        echo(f"Left out: {sentence}", err=True)


def _write_page(
    file: Path, boards: Sequence[Ranking], data_dir: Path | None, with_examples: bool
) -> None:
    """Write the HTML file, with wrong predictions if the data are available."""
    from rakuten_bench import report
    from rakuten_bench.interface.example import find_examples
    from rakuten_bench.units import render_size

    warn = partial(echo, err=True)
    examples = {
        board.name: find_examples(board.dataset, data_dir, warn)
        for board in boards
        if with_examples
    }
    announce("writing %s", file.name)
    page = report.render_page(boards, examples)
    write_page(file, page)
    echo(f"{file}: {render_size(file.stat().st_size)}", err=True)
