"""`rakuten-bench plan`."""

from __future__ import annotations

from pathlib import Path

import click

from rakuten_bench.cli._option import (
    cache_option,
    data_dir_option,
    dataset_option,
    jobs_option,
    results_option,
)
from rakuten_bench.interface.printing import echo


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
    from rakuten_bench.interface.study import load_study

    plan = load_study(file, dataset=dataset).plan(
        results=results, cache=cache, data_dir=data_dir, jobs=jobs
    )
    echo(plan)
    if list_scenarios:
        for line in plan.iter_scenario_lines():
            echo(line)
