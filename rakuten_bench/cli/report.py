"""`rakuten-bench report`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click


@click.command()
@click.option("--dataset", metavar="NAME", help="Board or data set; all by default.")
@click.option(
    "--top", type=click.IntRange(min=1), metavar="N", help="Best N scenarios only."
)
@click.option(
    "--sort",
    type=click.Choice(["f1_weighted", "f1_macro", "accuracy"]),
    default="f1_weighted",
    show_default=True,
    help="Score that ranks.",
)
@click.option(
    "--on", "subset", default="", metavar="LANGUAGE", help="Test rows in it only."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to write it.",
)
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of the records.",
)
@click.option("--effects", is_flag=True, help="Show which lever pays instead.")
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Also write plots there, as PNG and SVG.",
)
def command(
    dataset: str | None,
    top: int | None,
    sort: str,
    subset: str,
    form: str,
    results: Path,
    effects: bool,
    plots: Path | None,
) -> None:
    """Rank the scenarios that ran.

    Each data set, split and subset is a board of its own. A scenario that failed is a
    row with its cause.

    \b
    Example:
      rakuten-bench report --top 10
      rakuten-bench report --effects --plots plots
      rakuten-bench report --dataset openmoji --on fr --sort f1_macro
      rakuten-bench report --format csv > board.csv
    """
    from rakuten_bench import report

    boards = [
        report.load_board(results, name, sort, subset)
        for name in report.choose_boards(results, dataset)
    ]
    width = shutil.get_terminal_size((100, 24)).columns
    if effects:
        click.echo(report.render_effects(boards, form, width), nl=False)
    else:
        boards = [report.with_standing(board, top) for board in boards]
        click.echo(report.render_boards(boards, form, top, width), nl=False)
    if plots is not None:
        written = [
            path for board in boards for path in report.write_plots(board, plots)
        ]
        click.echo(f"{plots}: {len(written)} files", err=True)
    if form in ("csv", "json"):
        for sentence in (s for board in boards for s in board.left_out):
            click.echo(f"Left out: {sentence}", err=True)
