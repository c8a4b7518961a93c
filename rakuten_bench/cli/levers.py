"""`rakuten-bench levers`."""

from __future__ import annotations

import click

from rakuten_bench.cli._complete import LeverName
from rakuten_bench.cli._option import format_option
from rakuten_bench.cli._stream import echo_as


@click.command("levers", short_help="List every lever and option.")
@click.argument("lever", type=LeverName(), required=False)
@format_option()
@click.option(
    "--schema",
    is_flag=True,
    help="Print the JSON Schema of scenario files, for editors.",
)
def command(lever: str | None, format_: str, *, schema: bool) -> None:
    """List every lever and option: digit, meaning, parameters, packages.

    \b
    Example:
      rakuten-bench levers
      rakuten-bench levers vectorizer
      rakuten-bench levers --schema > scenario.schema.json
    """
    if schema:
        _print_schema(lever)
        return
    from rakuten_bench.scenario.catalog import list_levers, render_levers

    echo_as(format_, render_levers(list_levers(lever), format_))


def _print_schema(lever: str | None) -> None:
    from rakuten_bench.scenario.schema import render_schema

    if lever:
        message = f"--schema describes all levers. Leave out '{lever}'."
        raise click.UsageError(message)
    echo_as("json", render_schema())
