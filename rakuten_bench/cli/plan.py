"""`rakuten-bench plan`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rakuten_bench.cli._option import (
    cache_option,
    data_dir_option,
    dataset_option,
    jobs_option,
    results_option,
)
from rakuten_bench.interface.printing import echo
from rakuten_bench.wording.words import clean, number

if TYPE_CHECKING:
    from rakuten_bench.engine import Prepared
    from rakuten_bench.engine.forecast import Forecast
    from rakuten_bench.plan import Plan


@click.command("plan", short_help="Show what a run would do, without running.")
@click.argument("file", type=click.Path(path_type=Path))
@dataset_option()
@data_dir_option()
@results_option()
@cache_option()
@jobs_option()
@click.option("--scenarios", "list_scenarios", is_flag=True, help="List all scenarios.")
def command(
    file: Path,
    dataset: str | None,
    data_dir: Path | None,
    results: Path,
    cache: Path | None,
    jobs: int | None,
    list_scenarios: bool,
) -> None:
    """Show scenarios, steps, what is shared and cached, and a forecast of the cost.

    Time, memory and disk are forecast from steps that ran with this cache before;
    nothing is run.

    \b
    Example:
      rakuten-bench plan scenarios/grid.yaml
    """
    from rakuten_bench.engine import Settings, prepare
    from rakuten_bench.engine.forecast import forecast
    from rakuten_bench.scenario.load import load_study
    from rakuten_bench.store.layout import default_cache

    settings = Settings(
        results=results,
        cache=cache or default_cache(),
        data_dir=data_dir,
        n_jobs=jobs,
    )
    prepared = prepare(load_study(file, dataset=dataset), settings)
    echo(render_plan(prepared, forecast(prepared, settings.n_workers)))
    if list_scenarios:
        todo = set(prepared.todo)
        for code, scenario in prepared.plan.scenarios.items():
            mark = "to run" if code in todo else "done"
            words = ", ".join(
                f"{choice.lever} {choice}" for choice in scenario.iter_changed()
            )
            echo(f"{code}  {mark:<6}  {scenario.name or words}")


def render_plan(prepared: Prepared, forecast: Forecast) -> str:
    """Return the plan in numbers, with the steps by lever."""
    plan, store = prepared.plan, prepared.store
    cached = Counter(step.lever for key, step in plan.steps.items() if key in store)
    lines = [
        *_head_lines(prepared, forecast, cached.total()),
        *prepared.study.remarks,
        *prepared.remarks,
        *map(clean, prepared.dataset.remarks),
        "",
        _lever_table(plan, forecast, cached),
        *_slow_lines(forecast),
        *_lacking_lines(forecast),
    ]
    return "\n".join(lines)


def _head_lines(prepared: Prepared, forecast: Forecast, n_cached: int) -> list[str]:
    plan = prepared.plan
    dropped = sum(prepared.study.dropped.values())
    return [
        f"board      {prepared.board} ({number(len(prepared.dataset.frame), 'row')}, "
        f"{prepared.split.scheme}, {number(len(prepared.split.folds), 'fold')})",
        f"scenarios  {len(plan.scenarios):,} ({len(prepared.todo):,} to run, "
        f"{number(dropped, 'impossible combination')} skipped)",
        f"steps      {len(plan.steps):,} ({plan.asked:,} without sharing, "
        f"{n_cached:,} cached)",
        f"forecast   {_forecast_line(forecast)}",
    ]


def _lever_table(plan: Plan, forecast: Forecast, cached: Counter[str]) -> str:
    """Return the number of steps of each lever and their forecast, with a total."""
    from tabulate import tabulate

    from rakuten_bench.units import render_duration

    total = Counter(step.lever for step in plan.steps.values())
    counts = (total, cached, forecast.missing)
    rows = [
        (
            lever,
            *(one[lever] for one in counts),
            render_duration(forecast.by_lever[lever]),
        )
        for lever in total
    ]
    whole = (one.total() for one in counts)
    table: str = tabulate(
        [*rows, ("total", *whole, render_duration(forecast.seconds))],
        headers=["lever", "steps", "cached", "to compute", "forecast"],
        colalign=("left", "right", "right", "right", "right"),
    )
    return table


def _lacking_lines(forecast: Forecast) -> list[str]:
    """Return the options that can't run on this machine, and why."""
    lines = [f"{one.lever} {one}: {words}." for one, words in forecast.lacking.items()]
    return ["", "Can't run on this machine:", *lines] if lines else []


def _slow_lines(forecast: Forecast) -> list[str]:
    """Return slow options, how their time grows, and faster alternatives."""
    from rakuten_bench.units import render_duration

    lines = []
    for choice, (seconds, effort) in sorted(
        forecast.slow.items(), key=lambda item: -item[1][0]
    ):
        growth = f", growing with rows^{effort.power:g}" if effort.power > 1 else ""
        lines.append(
            f"{choice.lever} {choice}: about {render_duration(seconds)} per step{growth}"
            + (f". Scales better: {effort.instead}." if effort.instead else ".")
        )
    return ["", "Slow:", *lines] if lines else []


def _forecast_line(forecast: Forecast) -> str:
    """Return the forecast of a run, and how much of it is a guess."""
    from rakuten_bench.units import render_duration, render_size

    if not forecast.missing:
        return "nothing to compute"
    line = (
        f"{render_duration(forecast.wall)} ({render_duration(forecast.seconds)} of "
        f"work), {render_size(forecast.memory)} of memory, "
        f"{render_size(forecast.size)} of disk"
    )
    if not forecast.n_unknown:
        return line
    are = "is" if forecast.n_unknown == 1 else "are"
    return f"{line}; {number(forecast.n_unknown, 'step')} without history {are} guessed"
