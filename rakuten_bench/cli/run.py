"""`rakuten-bench run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rakuten_bench.activity import announce
from rakuten_bench.cli._option import (
    cache_option,
    data_dir_option,
    dataset_option,
    jobs_option,
    results_option,
)
from rakuten_bench.cli._stream import terminal_width
from rakuten_bench.executor import DEFAULT, list_executors
from rakuten_bench.interface.printing import echo


@click.command("run", short_help="Run the scenarios of a file and write their records.")
@click.argument("file", type=click.Path(path_type=Path))
@dataset_option()
@data_dir_option()
@results_option()
@cache_option()
@click.option("--cache-size", help="Maximum size of the cache, such as 50GB.")
@click.option("--seed", type=int, help="Seed to use instead of the file's.")
@click.option(
    "--rerun",
    type=click.Choice(["missing", "failed", "timeout", "oom", "all"]),
    multiple=True,
    default=["missing"],
    show_default=True,
    help="Run again: failed, exceeded a limit (timeout, oom), or all.",
)
@jobs_option()
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Numeric threads per step.",
)
@click.option("--time-limit", help="Per step, such as 600s, 10m or 1h30m.")
@click.option("--memory-limit", help="Per step, such as 6GB.")
@click.option(
    "--executor",
    type=click.Choice(list_executors()),
    help=f"Executor of the steps; default: dask with --scheduler, else {DEFAULT}.",
)
@click.option(
    "--scheduler", help="Address of a Dask scheduler, such as tcp://host:8786."
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Device of steps that can use a GPU; existing results are kept.",
)
@click.option(
    "--top", default=10, show_default=True, help="Rows of the board to print."
)
@click.option("--quiet", is_flag=True, help="Print the board only.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    file: Path,
    dataset: str | None,
    seed: int | None,
    top: int,
    quiet: bool,
    **options: Any,
) -> None:
    """Run the scenarios of FILE and print the top of the board, then their notes.

    Scenarios with a record are not run again. A step that exceeds a limit is stopped,
    and only the scenarios that need it fail. Exit code: 0 if every scenario has scores,
    1 if one failed, 2 if the file or the data are invalid or the disk is full.

    \b
    Example:
      rakuten-bench run scenarios/grid.yaml
      rakuten-bench run scenarios/grid.yaml --jobs 4 --time-limit 10m --memory-limit 6GB
      rakuten-bench run scenarios/text/levers.yaml --data-dir data/flipkart
    """
    from rakuten_bench.interface.progress import choose_display, iter_note_lines
    from rakuten_bench.interface.watching import watching

    with choose_display(quiet=quiet) as display, watching(display):
        announce("reading %s", file.name)  # at once: the imports may take seconds
        from rakuten_bench.interface.running import run_study
        from rakuten_bench.interface.setting import build_settings
        from rakuten_bench.scenario.load import load_study

        settings = build_settings(**options)
        done = run_study(
            lambda: load_study(file, dataset=dataset, seed=seed),
            settings,
            display,
            file,
            dataset,
        )
        board = done.load_board(top)
    echo(board.render("table", top, terminal_width()), nl=False)
    if not quiet:
        for line in iter_note_lines(done.notes):
            echo(line, err=True)
    ctx.exit(0 if done.is_complete(board) else 1)
