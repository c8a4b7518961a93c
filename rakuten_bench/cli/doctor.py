"""`rakuten-bench doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from rakuten_bench.cli._option import cache_option, results_option
from rakuten_bench.cli._stream import echo_as


@click.command("doctor", short_help="Show what is installed, missing, and available.")
@results_option()
@cache_option()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_context
def command(
    ctx: click.Context, /, results: Path, cache: Path | None, as_json: bool
) -> None:
    """Examine the installation: versions, extras, GPU, memory, folders, terminal.

    Exit code: 0 if scenarios can run, 1 if something is in the way.

    \b
    Example:
      rakuten-bench doctor
      rakuten-bench doctor --json
    """
    from rakuten_bench.interface.doctor import doctor

    found = doctor(results, cache)
    if as_json:
        echo_as(
            "json", json.dumps(found.to_dict(), ensure_ascii=False, indent=2) + "\n"
        )
    else:
        echo_as("table", f"{found}\n")
    ctx.exit(0 if found.passed else 1)
