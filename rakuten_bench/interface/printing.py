"""Printing for people: at a terminal, in a log, in a notebook."""

from __future__ import annotations

import sys

import click

from rakuten_bench.wording.encoding import spell
from rakuten_bench.wording.words import escape_controls


def echo(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print for people; everything is printed through this function.

    Labels, file names, records and exceptions may contain any character: sequences that
    clear the screen, set the clipboard or reverse a line are printed as escapes.

    Parameters
    ----------
    err : bool
        Whether to print to standard error.
    nl : bool
        Whether to end the line.
    """
    # named, or click would write UTF-8 where the encoding is ASCII
    stream = sys.stderr if err else sys.stdout
    click.echo(escape_controls(str(text)), file=stream, err=err, nl=nl)


def printable(text: str) -> str:
    """Return a text that `print` can write: Windows may redirect it to a code page."""
    return spell(text, getattr(sys.stdout, "encoding", None) or "utf-8")
