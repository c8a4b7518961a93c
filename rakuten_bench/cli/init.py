"""`rakuten-bench init`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rakuten_bench.cli._option import Decorator, cache_option
from rakuten_bench.cli._text import Text
from rakuten_bench.interface.printing import echo


def _column_option(name: str, help: str) -> Decorator:
    return click.option(f"--{name}", type=Text(), metavar="COLUMN", help=help)


@click.command("init", short_help="Write a scenario file for a table or a folder.")
@click.argument("source", required=False, type=click.Path(path_type=Path))
@_column_option("label", "Column to predict.")
@_column_option("title", "Column with a short text.")
@_column_option("description", "Column with a longer text.")
@_column_option("image", "Column with the names of image files.")
@click.option(
    "--images",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of these files.",
)
@_column_option("id", "Column with a name for each row.")
@_column_option("language", "Column with the language.")
@_column_option("group", "Column whose equal values stay on one side of a split.")
@_column_option("side", "Column with train, validation or test.")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File to write; default: SOURCE with the ending .yaml, in this folder.",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@cache_option("Cache of computed values.")
def command(source: Path | None, **words: Any) -> None:
    """Look at SOURCE, and write a commented file with about a dozen scenarios for it.

    SOURCE is a table (CSV, JSON Lines, Parquet), or a folder with one folder of images
    for each class; without it, the embedded data. Columns that are not named are
    guessed from their names and values; "" for none.

    \b
    Example:
      rakuten-bench init shop.csv --label category
      rakuten-bench init shop.csv --images photos -o shop/first.yaml
      rakuten-bench init photos
      rakuten-bench init
    """
    from rakuten_bench.interface.start import describe, init

    for line in describe(init(source, **words)):
        echo(line)
