"""`rakuten-bench run`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rakuten_bench.cli._option import (
    cache_option,
    data_dir_option,
    dataset_option,
    jobs_option,
    results_option,
)
from rakuten_bench.cli._progress import Display, choose_display, iter_note_lines
from rakuten_bench.cli._stream import echo, terminal_width
from rakuten_bench.errors import UserError
from rakuten_bench.executor import choose_executor, list_executors
from rakuten_bench.wording.words import clean, number

if TYPE_CHECKING:
    from rakuten_bench.engine import Prepared, Run, Settings


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
    help="Executor of the steps; default: dask with --scheduler, else local.",
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
    **words: Any,
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
    from rakuten_bench.engine import check_results, prepare, run, warm_up
    from rakuten_bench.records import attempting
    from rakuten_bench.scenario.load import load_study

    settings = read_settings(words)
    check_results(settings.results)
    with attempting(settings.results, file, _find_dataset(dataset)):
        study = load_study(file, dataset=dataset, seed=seed)
        starting = warm_up(study, settings)
        prepared = prepare(study, settings, pin=True)
        running = run(prepared, settings, starting)
        with choose_display(quiet=quiet) as display:
            _say_plan(prepared, settings, display)
            _warn_lacking(running, display)
            notes = _follow(running, display)
            _say_usage(running, display)
    code = _print_board(running.prepared, settings, top)
    if not quiet:
        for line in iter_note_lines(notes):
            echo(line, err=True)
    ctx.exit(code)


def _find_dataset(name: str | None) -> str | None:
    """Return the name of a data set; `NO_DATASET` if it is unknown."""
    from rakuten_bench.data import DATASETS
    from rakuten_bench.records import NO_DATASET

    with contextlib.suppress(UserError):  # of a plugin; the run reports it
        if name and name not in {entry.name for entry in DATASETS}:
            return NO_DATASET
    return name


def read_settings(words: dict[str, Any]) -> Settings:
    """Return the settings given by the options of the command line."""
    from rakuten_bench.engine import Settings
    from rakuten_bench.scenario.limit import parse_limit
    from rakuten_bench.store.layout import default_cache
    from rakuten_bench.units import parse_size

    size = words.get("cache_size")
    scheduler = words.get("scheduler") or ""
    limit = {"time": words.get("time_limit"), "memory": words.get("memory_limit")}
    return Settings(
        results=words["results"],
        cache=words["cache"] or default_cache(),
        data_dir=words.get("data_dir"),
        rerun=words.get("rerun") or ("missing",),
        n_jobs=words.get("jobs"),
        n_threads=words.get("threads") or 1,
        limit=parse_limit(limit),
        device=words.get("device") or "auto",
        executor=words.get("executor") or choose_executor(scheduler),
        scheduler=scheduler,
        cache_size=None if size is None else parse_size(size),
    )


def _say_plan(prepared: Prepared, settings: Settings, display: Display) -> None:
    from rakuten_bench.engine import count_stopped, describe_others

    plan = prepared.plan
    others = describe_others(prepared, settings)
    for remark in (*others, *prepared.study.remarks, *prepared.remarks):
        display.say(remark)
    for remark in prepared.dataset.remarks:
        display.say(clean(remark))
    for reason, count in prepared.study.dropped.items():
        display.say(f"{number(count, 'combination')} skipped: {reason}.")
    for status, count in count_stopped(prepared).items():
        display.say(
            f"{number(count, 'scenario')} skipped that exceeded a limit before (status "
            f"'{status}'). To run again: --rerun {status}."
        )
    for damaged in prepared.damaged:
        display.say(f"{damaged.cause} It is run again.")
    display.say(
        f"{prepared.board}: {number(len(plan.scenarios), 'scenario')}, "
        f"{len(prepared.todo):,} to run, {number(len(plan.steps), 'step')} "
        f"({plan.n_shared:,} saved by sharing)."
    )


def _warn_lacking(running: Run, display: Display) -> None:
    """Warn up front about steps that are certain to fail here."""
    for choice, words in running.find_lacking().items():
        display.say(f"{choice.lever} {choice} can't run on this machine: {words}.")


def _follow(running: Run, display: Display) -> dict[str, list[str]]:
    """Run; return the codes of the scenarios that have each note."""
    notes: dict[str, list[str]] = {}
    for progress in running.events():
        display.show(progress)
        if record := progress.record:
            for note in dict.fromkeys(record.notes):
                notes.setdefault(note, []).append(record.code)
    return notes


def _say_usage(running: Run, display: Display) -> None:
    """Print measured beside predicted usage."""
    from rakuten_bench.units import render_duration, render_size

    usage = running.usage
    if not usage.seconds:
        return
    guessed = f", {number(usage.n_guessed, 'step')} guessed" if usage.n_guessed else ""
    display.say(
        f"measured {render_duration(usage.seconds)} of work in "
        f"{render_duration(usage.wall)}, {render_size(usage.memory)} at most, "
        f"{render_size(usage.size)} on disk; predicted "
        f"{render_duration(usage.seconds_predicted)}, {render_size(usage.memory_predicted)}, "
        f"{render_size(usage.size_predicted)}{guessed}."
    )


def _print_board(prepared: Prepared, settings: Settings, top: int) -> int:
    """Print the board of this run; return 1 unless every scenario has scores."""
    from rakuten_bench.engine import find_unscored
    from rakuten_bench.report import load_board, render_boards, with_standing
    from rakuten_bench.store.layout import Layout

    plan = prepared.plan
    board = load_board(
        settings.results,
        prepared.board,
        prepared.study.metric,
        cache=settings.cache,
        rows=None if prepared.todo else prepared.rows,
    )
    board = board.failing_only(plan.scenarios)
    board = with_standing(board, top, Layout(settings.cache).standings)
    width = terminal_width()
    echo(render_boards([board], "table", top, width), nl=False)
    ranked = (entry.row for entry in (*board.entries, *board.clusterings))
    return int(bool(find_unscored(plan, ranked)))
