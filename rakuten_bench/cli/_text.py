"""A text on the command line, in whatever encoding the terminal has."""

from __future__ import annotations

from typing import Any

import click


class Text(click.types.StringParamType):
    """A text or a name, never a path.

    Where the locale is not UTF-8, Python has lone surrogates for bytes that it can't
    decode; no library takes them, and no name of a file in UTF-8 equals them.
    """

    name = "text"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Decode as UTF-8 what Python could not; refuse what is not UTF-8 either."""
        text = str(value)
        if text.isprintable():  # lone surrogates are not
            return text
        try:
            return text.encode("utf-8", "surrogateescape").decode()
        except UnicodeError:
            self.fail(f"{text!r} is not UTF-8. Set the locale of the terminal.")
