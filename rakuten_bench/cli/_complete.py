"""What a shell completes beside commands, options and files; imports nothing heavy."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

import rakuten_bench
from rakuten_bench.cli._text import Text


class Code(Text):
    """The code, or the name, of a scenario with a record; codes are completed."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the codes of the results folder."""
        del param
        boards = _list_folders(_results_of(ctx))
        codes = {code.name for board in boards for code in _list_folders(board)}
        return _starting_with(incomplete, codes)


class BoardName(Text):
    """The name of a board or a data set; boards are completed."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the boards of the results folder."""
        del param
        boards = {board.name for board in _list_folders(_results_of(ctx))}
        return _starting_with(incomplete, boards - {"runs"})


class LeverName(Text):
    """The name of a lever."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the levers: the folders of their package, which is not imported."""
        del ctx, param
        levers = Path(rakuten_bench.__file__).with_name("levers")
        modules = pkgutil.iter_modules([str(levers)])
        return _starting_with(incomplete, (one.name for one in modules if one.ispkg))


def _results_of(ctx: click.Context) -> Path:
    return Path(ctx.params.get("results") or "results")


def _list_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder; none if it can't be read."""
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir()]
    except OSError:
        return []


def _starting_with(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(one) for one in sorted(names) if one.startswith(incomplete)]
