"""`rakuten-bench levers`."""

from __future__ import annotations

import json

import click

from rakuten_bench.cli._stream import echo_as


@click.command("levers", short_help="List every lever and option.")
@click.argument("lever", required=False)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="Output format.",
)
def command(lever: str | None, style: str) -> None:
    """List every lever and option: digit, meaning, parameters, packages.

    \b
    Example:
      rakuten-bench levers
      rakuten-bench levers vectorizer
    """
    from rakuten_bench.scenario.catalog import list_levers, render_levers

    entries = list_levers(lever)
    if style == "json":
        text = json.dumps(entries, indent=1, ensure_ascii=False)
    else:
        text = render_levers(entries, markdown=style == "markdown")
    echo_as(style, text, nl=True)
