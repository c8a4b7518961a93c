"""`rakuten-bench run`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rakuten_bench.engine import Prepared, Progress


@click.command("run", short_help="Run the scenarios of a file and keep their records.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dataset", help="Use this data set instead of the file's.")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder of your data."
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of the records.",
)
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Folder of shared steps."
)
@click.option("--seed", type=int, help="Seed to use instead of the file's.")
@click.option(
    "--rerun",
    type=click.Choice(["missing", "failed", "all"]),
    default="missing",
    show_default=True,
    help="What to run: scenarios without a record; also those that failed; all.",
)
@click.option(
    "--top", default=10, show_default=True, help="Rows of the board to print."
)
@click.option("--quiet", is_flag=True, help="Print the board only.")
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    dataset: str | None,
    data_dir: Path | None,
    results: Path,
    cache: Path | None,
    seed: int | None,
    rerun: str,
    top: int,
    quiet: bool,
) -> None:
    """Run the scenarios of FILE and print the top of the board.

    Scenarios that have a record are not run again. Exit code: 0 if every scenario has
    scores, 1 if one failed, 2 if the file or the data are wrong.

    \b
    Example:
      rakuten-bench run scenarios/grid.yaml
      rakuten-bench run scenarios/flipkart.yaml --data-dir data/flipkart
    """
    from rakuten_bench.engine import Settings, default_cache, prepare, run
    from rakuten_bench.scenario.load import load_study

    settings = Settings(
        results=results,
        cache=cache or default_cache(),
        data_dir=data_dir,
        rerun=rerun,  # type: ignore[arg-type]  # click has checked it
    )
    prepared = prepare(load_study(file, dataset=dataset, seed=seed), settings)
    say = (lambda text: None) if quiet else (lambda text: click.echo(text, err=True))
    _say_plan(prepared, say)
    for progress in run(prepared, settings):
        say(_line(progress))
    ctx.exit(_print_board(prepared, results, top))


def _say_plan(prepared: Prepared, say: Callable[[str], None]) -> None:
    plan = prepared.plan
    for reason, count in prepared.study.dropped.items():
        say(f"{count} combinations left out: {reason}.")
    for damaged in prepared.damaged:
        say(f"{damaged.message} It is run again.")
    say(
        f"{prepared.board}: {len(plan.scenarios)} scenarios, {len(prepared.todo)} to run, "
        f"{len(plan.steps)} steps ({plan.n_shared} saved by sharing)."
    )


def _line(progress: Progress) -> str:
    record = progress.record
    name = f" {record.name}" if record.name else ""
    result = (
        f"f1_weighted {record.scores.f1_weighted:.4f}"
        if record.scores
        else f"{record.status}: {record.error.message if record.error else ''}"
    )
    return (
        f"[{progress.n_done}/{progress.n_todo}] {record.code}{name}: {result} "
        f"({record.own_time:.1f} s own, {record.saved_time:.1f} s saved)"
    )


def _print_board(prepared: Prepared, results: Path, top: int) -> int:
    """Print the board of this run's data; return 1 if one of its scenarios failed."""
    from rakuten_bench.report import load_board, render_boards

    board = load_board(results, prepared.board, prepared.study.metric)
    width = shutil.get_terminal_size((100, 24)).columns
    click.echo(render_boards([board], "table", top, width))
    failed = {entry.row.code for entry in board.failures}
    return int(bool(failed & set(prepared.plan.scenarios)))
