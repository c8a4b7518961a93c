"""A text on the command line, in any encoding of the terminal."""

from __future__ import annotations

from typing import Any

import click


class Text(click.types.StringParamType):
    """A text or a name, never a path.

    If the locale is not UTF-8, Python represents undecodable bytes as lone surrogates;
    libraries reject these, and they equal no name in a UTF-8 file.
    """

    name = "text"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Decode as UTF-8 what Python could not; reject what is not UTF-8."""
        text = str(value)
        if text.isprintable():  # lone surrogates are not
            return text
        try:
            return text.encode("utf-8", "surrogateescape").decode()
        except UnicodeError:
            self.fail(f"{text!r} is not UTF-8. Set the locale of the terminal.")
