"""`rakuten-bench levers`."""

from __future__ import annotations

import click

from rakuten_bench.cli._option import format_option
from rakuten_bench.cli._stream import echo_as


@click.command("levers", short_help="List every lever and option.")
@click.argument("lever", required=False)
@format_option()
def command(lever: str | None, format_: str) -> None:
    """List every lever and option: digit, meaning, parameters, packages.

    \b
    Example:
      rakuten-bench levers
      rakuten-bench levers vectorizer
    """
    from rakuten_bench.scenario.catalog import list_levers, render_levers

    echo_as(format_, render_levers(list_levers(lever), format_))
