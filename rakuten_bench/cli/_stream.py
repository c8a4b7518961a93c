"""What commands print to: open, and never stopped by a character it can't show."""

from __future__ import annotations

import codecs
import io
import os
import sys

import click

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
    codecs.register_error(_SPELL, _spell)
    chosen = "PYTHONIOENCODING" in os.environ
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            to_file = stream is sys.stdout and not chosen and not stream.isatty()
            stream.reconfigure(encoding="utf-8" if to_file else None, errors=_SPELL)


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


def echo_as(form: str, text: str, *, nl: bool = False) -> None:
    """Print a text in one of the formats; what programs read is UTF-8.

    Parameters
    ----------
    form : str
        One of `MACHINE_FORMATS`, or what people read.
    nl : bool
        Whether to end the line.
    """
    has_bytes = getattr(sys.stdout, "buffer", None) is not None
    if form not in MACHINE_FORMATS or not has_bytes or sys.stdout.isatty():
        click.echo(text, nl=nl)
    else:
        click.echo(text.encode("utf-8", "backslashreplace"), nl=nl)
