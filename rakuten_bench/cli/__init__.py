"""The command line: parse, call one function, print.

Each command is one module of this package with one click command named `command`; the
modules are found by walking the package. They import click and nothing heavy: the work
is imported inside the command, so that `--help` answers at once.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from rakuten_bench.cli._exit import exit_code_of, keep_from_click
from rakuten_bench.cli._stream import open_streams
from rakuten_bench.cli._suggest import SuggestingGroup
from rakuten_bench.interface.printing import echo
from rakuten_bench.interface.watching import Waiting, watching


class CommandFolder(SuggestingGroup):
    """A group whose commands are the modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(
            module.name.replace("_", "-")
            for module in pkgutil.iter_modules(__path__)
            if not module.name.startswith("_")
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command; return None for an unknown name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse the command line; `--help` and `--version` print here."""
        with keep_from_click():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print what it is doing where it is silent for long."""
        with keep_from_click(), watching(Waiting()):
            return super().invoke(ctx)


def _print_versions(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print the versions that a bug report needs, and exit."""
    del param
    if value and not ctx.resilient_parsing:
        from rakuten_bench.interface.version import iter_version_lines

        echo("\n".join(iter_version_lines()))
        ctx.exit()


@click.group(
    cls=CommandFolder, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_versions,
    help="Show the versions that a bug report needs, and exit.",
)
def rakuten_bench() -> None:
    """Benchmark text, image and fused product classifiers over a scenario matrix.

    \b
    Example:
      rakuten-bench run scenarios/grid.yaml
      rakuten-bench report --top 10
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; a user's error is one message and exit code 2."""
    open_streams()
    sys.exit(exit_code_of(partial(rakuten_bench.main, args, standalone_mode=False)))
