"""Output streams of commands: open, and safe against unencodable characters."""

from __future__ import annotations

import io
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from typing import Any

import click

from rakuten_bench.wording.encoding import SPELL
from rakuten_bench.wording.format import FORMATS
from rakuten_bench.wording.words import escape_controls, escape_json

_STANDARD = (0, 1, 2)  # descriptors of input, output and error


def open_streams() -> None:
    """Prepare the output streams of a command.

    A closed descriptor (`>&-`) is redirected to nowhere: else the next file opened would
    get its number, and the output. If standard output is not a terminal, it is UTF-8
    like all files, unless PYTHONIOENCODING is set. Characters that an encoding lacks are
    escaped as in Python: "\\u65e5".
    """
    _fill_descriptors()
    _escape_warnings()
    chosen = "PYTHONIOENCODING" in os.environ
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            to_file = stream is sys.stdout and not chosen and not stream.isatty()
            stream.reconfigure(encoding="utf-8" if to_file else None, errors=SPELL)


def _escape_warnings() -> None:
    """Escape warnings and logs of libraries: they may quote the data."""
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
    """Formats logs without a handler as Python does, then escapes them."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_controls(super().format(record))


def _fill_descriptors() -> None:
    for descriptor in _STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
            os.set_inheritable(opened, True)  # else it would be closed in our workers


def echo_as(format_: str, text: str, *, exact: bool = False) -> None:
    """Print a text in one of the formats; those for programs are UTF-8.

    Parameters
    ----------
    format_ : str
        One of `wording.format.FORMATS`.
    exact : bool
        Whether it contains cells of the user's table, which are printed unchanged unless
        the output is a terminal.
    """
    is_shown = sys.stdout is not None and sys.stdout.isatty()
    if is_shown or not exact:
        text = escape_json(text) if format_ == "json" else escape_controls(text)
    has_bytes = getattr(sys.stdout, "buffer", None) is not None
    if not FORMATS[format_].is_for_programs or not has_bytes or is_shown:
        click.echo(text, file=sys.stdout, nl=False)
    else:
        click.echo(text.encode("utf-8", "backslashreplace"), nl=False)


def terminal_width() -> int:
    """Return the columns of the terminal; 100 where the output is none."""
    return shutil.get_terminal_size((100, 24)).columns
