"""Options that several commands have: the same name, the same type, one wording."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rakuten_bench.cli._text import Text

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class FolderPath(click.Path):
    """A path that is not empty: an unset variable would name the working folder.

    A file in its place is refused by who reads or writes there, who says what to do.
    """

    name = "folder"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Refuse "" and else do as `click.Path`."""
        if value == "":
            self.fail("'' names no folder.", param, ctx)
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


def cache_option(help: str = "Folder of shared steps.") -> Decorator:
    """Return `--cache`."""
    return click.option("--cache", type=_FOLDER, metavar="DIR", help=help)


def board_option(
    help: str = "Board or data set, where several have the scenario.",
) -> Decorator:
    """Return `--dataset` where it chooses among boards."""
    return click.option("--dataset", type=Text(), metavar="NAME", help=help)


def dataset_option() -> Decorator:
    """Return `--dataset` where it stands in for that of the scenario file."""
    return click.option(
        "--dataset",
        type=Text(),
        metavar="NAME",
        help="Use this data set instead of the file's.",
    )


def jobs_option() -> Decorator:
    """Return `--jobs`."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        help="Steps at a time; all cores by default.",
    )
