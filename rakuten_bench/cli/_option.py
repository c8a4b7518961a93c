"""Options shared by several commands: same name, type and help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rakuten_bench.cli._complete import BoardName
from rakuten_bench.cli._text import Text
from rakuten_bench.wording.format import list_formats

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class FolderPath(click.Path):
    """A path that is not empty: an unset variable would name the working folder.

    A file in its place is rejected by the code that reads or writes there.
    """

    name = "folder"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Reject "", else convert as `click.Path`."""
        if value == "":
            self.fail("'' is not a folder.", param, ctx)
        return super().convert(value, param, ctx)


_FOLDER = FolderPath(path_type=Path)


def results_option(help: str = "Folder of the records.") -> Decorator:
    """Return `--results`."""
    return click.option(
        "--results",
        type=_FOLDER,
        metavar="DIR",
        default=Path("results"),
        show_default=True,
        help=help,
    )


def data_dir_option(help: str = "Folder of your data.") -> Decorator:
    """Return `--data-dir`."""
    return click.option("--data-dir", type=_FOLDER, metavar="DIR", help=help)


def cache_option(help: str = "Cache of step results.") -> Decorator:
    """Return `--cache`."""
    return click.option("--cache", type=_FOLDER, metavar="DIR", help=help)


def board_option(
    help: str = "Board or data set, if several have the scenario.",
) -> Decorator:
    """Return `--dataset` for choosing among boards."""
    return click.option("--dataset", type=BoardName(), metavar="NAME", help=help)


def dataset_option() -> Decorator:
    """Return `--dataset` for replacing that of the scenario file."""
    return click.option(
        "--dataset",
        type=Text(),
        metavar="NAME",
        help="Data set to use instead of the file's.",
    )


def format_option(*views: str) -> Decorator:
    """Return `--format` for an answer with views beside those that every answer has."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(list_formats(*views)),
        default="table",
        show_default=True,
        help="Output format.",
    )


def jobs_option() -> Decorator:
    """Return `--jobs`."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        help="Number of steps to run in parallel; all cores by default.",
    )
