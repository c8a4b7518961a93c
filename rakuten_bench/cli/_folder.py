"""The name of a folder on the command line."""

from __future__ import annotations

from typing import Any

import click


class FolderPath(click.Path):
    """A path that is not empty: an unset variable would name the working folder."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Refuse "" and else do as `click.Path`."""
        if value == "":
            self.fail("'' names no folder.", param, ctx)
        return super().convert(value, param, ctx)
