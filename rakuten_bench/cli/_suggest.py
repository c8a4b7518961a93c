"""A group of commands that suggests the closest one for an unknown name."""

from __future__ import annotations

from pathlib import Path

import click

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.identify import explain_wrong_file


class SuggestingGroup(click.Group):
    """Rejects an unknown command with a suggestion, and a file in its place by its kind."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command and its arguments.

        Raises
        ------
        UserError
            If a file is named instead of a command.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            if name and (message := explain_wrong_file(Path(name), "a command")):
                raise UserError(message)
            ctx.fail(unknown("command", name, self.list_commands(ctx)))
        return super().resolve_command(ctx, args)
