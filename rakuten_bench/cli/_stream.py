"""What commands print to: open, and never stopped by a character it can't show."""

from __future__ import annotations

import codecs
import io
import logging
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import click

from rakuten_bench.wording.words import escape_controls, escape_json

#: What programs read; everything else is for people.
MACHINE_FORMATS = ("csv", "json", "markdown", "junit")
_STANDARD = (0, 1, 2)  # descriptors of input, output and error
_SPELL = "rakuten_bench.spell"
#: Signs of ours that older code pages lack. What is not ours is never replaced by
#: something else that it could be taken for.
_PLAIN = str.maketrans(
    {
        "─": "-",
        "·": "|",
        "…": "...",
        "±": "+-",
        "→": "->",
        "←": "<-",
        "■": "#",
        "█": "#",
    }
)


def open_streams() -> None:
    """Let every command print, whatever it was started with.

    A descriptor that is closed (`>&-`) leads to nowhere from here on: the next file
    that is opened would take its number, and get the output. Where standard output is
    no terminal, it is UTF-8 as all files are, unless PYTHONIOENCODING says otherwise.
    What an encoding lacks is written as Python escapes it: "\\u65e5".
    """
    _fill_descriptors()
    _escape_warnings()
    codecs.register_error(_SPELL, _spell)
    chosen = "PYTHONIOENCODING" in os.environ
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            to_file = stream is sys.stdout and not chosen and not stream.isatty()
            stream.reconfigure(encoding="utf-8" if to_file else None, errors=_SPELL)


def _escape_warnings() -> None:
    """Escape what libraries warn of: their warnings and logs may quote the data."""
    if not isinstance(warnings.formatwarning, _Warnings):
        warnings.formatwarning = _Warnings(warnings.formatwarning)
    if logging.lastResort:
        logging.lastResort.setFormatter(_LogLines())


class _Warnings:
    """Formats warnings as before, then escapes them."""

    def __init__(self, format_: Callable[..., str]) -> None:
        self._format = format_

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        return escape_controls(self._format(*args, **kwargs))


class _LogLines(logging.Formatter):
    """Formats logs that no handler takes as Python does, then escapes them."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_controls(super().format(record))


def _fill_descriptors() -> None:
    for descriptor in _STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.set_inheritable(opened, True)  # or it would be closed in our workers


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write what an encoding lacks: our own signs plainly, all else escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].translate(_PLAIN)
    return lacking.encode("ascii", "backslashreplace").decode("ascii"), error.end


def echo(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print for people: the one place where a command does.

    Labels, names of files, records and exceptions may hold anything: sequences that clear
    the screen, set the clipboard or turn a line around are printed as escapes.

    Parameters
    ----------
    err : bool
        Whether to print to standard error.
    nl : bool
        Whether to end the line.
    """
    click.echo(escape_controls(str(text)), err=err, nl=nl)


def echo_as(format_: str, text: str, *, nl: bool = False, exact: bool = False) -> None:
    """Print a text in one of the formats; what programs read is UTF-8.

    Parameters
    ----------
    format_ : str
        One of `MACHINE_FORMATS`, or what people read.
    nl : bool
        Whether to end the line.
    exact : bool
        Whether it holds cells of the user's own table, which come out unchanged unless a
        terminal shows them.
    """
    is_shown = sys.stdout is not None and sys.stdout.isatty()
    if is_shown or not exact:
        text = escape_json(text) if format_ == "json" else escape_controls(text)
    has_bytes = getattr(sys.stdout, "buffer", None) is not None
    if format_ not in MACHINE_FORMATS or not has_bytes or is_shown:
        click.echo(text, nl=nl)
    else:
        click.echo(text.encode("utf-8", "backslashreplace"), nl=nl)
