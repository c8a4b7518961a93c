"""`rakuten-bench why`."""

from __future__ import annotations

from pathlib import Path

import click

from rakuten_bench.cli._complete import Code
from rakuten_bench.cli._option import (
    board_option,
    cache_option,
    data_dir_option,
    results_option,
)
from rakuten_bench.interface.printing import echo


@click.command("why", short_help="Explain why a scenario would run again.")
@click.argument("code", type=Code())
@click.argument("file", required=False, type=click.Path(path_type=Path), default=None)
@board_option()
@data_dir_option()
@results_option()
@cache_option()
def command(
    code: str,
    file: Path | None,
    dataset: str | None,
    data_dir: Path | None,
    results: Path,
    cache: Path | None,
) -> None:
    """Show what changed since the record of CODE was written, and what follows.

    CODE is the scenario's code or its name. With FILE, the scenario of that file is
    compared, with its data, split, seed and parameters; without, only what the record
    depends on: data, packages, source.

    \b
    Example:
      rakuten-bench why T2101-0231-0010
      rakuten-bench why tfidf_svm scenarios/grid.yaml
    """
    from rakuten_bench.interface.reason import why

    changes = why(
        code, file, results=results, dataset=dataset, data_dir=data_dir, cache=cache
    )
    echo(changes)
