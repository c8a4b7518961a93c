"""`rakuten-bench plan`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rakuten_bench.engine import Prepared


@click.command("plan", short_help="Show what a run would do; run nothing.")
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
@click.option("--scenarios", "list_scenarios", is_flag=True, help="List them all.")
def command(
    file: Path,
    dataset: str | None,
    data_dir: Path | None,
    results: Path,
    cache: Path | None,
    list_scenarios: bool,
) -> None:
    """Show scenarios, steps, what is shared and what is cached; run nothing.

    \b
    Example:
      rakuten-bench plan scenarios/grid.yaml
    """
    from rakuten_bench.engine import Settings, default_cache, prepare
    from rakuten_bench.scenario.load import load_study

    settings = Settings(
        results=results, cache=cache or default_cache(), data_dir=data_dir
    )
    prepared = prepare(load_study(file, dataset=dataset), settings)
    click.echo(render_plan(prepared))
    if list_scenarios:
        todo = set(prepared.todo)
        for code, scenario in prepared.plan.scenarios.items():
            mark = "to run" if code in todo else "done"
            words = ", ".join(
                f"{choice.lever} {choice}"
                for choice in scenario.choices
                if choice.digit != "0"
            )
            click.echo(f"{code}  {mark:<6}  {scenario.name or words}")


def render_plan(prepared: Prepared) -> str:
    """Return the plan in numbers, with the steps by lever."""
    from tabulate import tabulate

    plan, store = prepared.plan, prepared.store
    total = Counter(step.lever for step in plan.steps.values())
    cached = Counter(step.lever for key, step in plan.steps.items() if key in store)
    rows = [
        (lever, count, cached[lever], count - cached[lever])
        for lever, count in total.items()
    ]
    dropped = sum(prepared.study.dropped.values())
    head = [
        f"board      {prepared.board} ({len(prepared.dataset.frame):,} rows, "
        f"{prepared.split.scheme}, {len(prepared.split.folds)} fold(s))",
        f"scenarios  {len(plan.scenarios):,} ({len(prepared.todo):,} to run, "
        f"{dropped:,} combinations left out as impossible)",
        f"steps      {len(plan.steps):,} ({plan.asked:,} without sharing, "
        f"{sum(cached.values()):,} cached)",
    ]
    table = tabulate(
        [
            *rows,
            (
                "total",
                len(plan.steps),
                sum(cached.values()),
                len(plan.steps) - sum(cached.values()),
            ),
        ],
        headers=["lever", "steps", "cached", "to compute"],
    )
    return "\n".join([*head, "", table])
