"""How a command ends: exit codes, and output that nobody takes any more.

Exit code 1 belongs to the commands: `run` has a scenario without scores, `check` a
score that got worse, `merge` a conflict, `cache verify` a damaged result. Nothing that
a command did not expect may end with it, nor with 0.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import traceback
from collections.abc import Callable, Iterator

import click

from rakuten_bench import __version__
from rakuten_bench.cli._stream import echo
from rakuten_bench.errors import UserError
from rakuten_bench.wording.words import clean

WRONG_INPUT = 2
INTERNAL_ERROR = 70  # sysexits.h: EX_SOFTWARE
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
OUTPUT_CLOSED = 141  # 128 + SIGPIPE, likewise


#: What the user's files, folders and disks cause, where no command has a better word.
_OF_THE_MACHINE = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.ESTALE,
)
_WAY_OUT = (
    "Give this user access to it and its disk space, or name other folders with --cache, "
    "--results or TMPDIR."
)


class Escaped(Exception):
    """An error, as its cause, that click would give a meaning of its own.

    It takes an `EOFError` for Ctrl-D at a prompt, ends with 1 at a broken pipe, and lets
    `sys.exit` of anything that was imported end the command.
    """


@contextlib.contextmanager
def keep_from_click() -> Iterator[None]:
    """Raise as `Escaped` what click would not let through.

    Raises
    ------
    Escaped
    """
    try:
        yield
    except (EOFError, OSError, SystemExit) as error:
        raise Escaped from error


class _OutputLost(Exception):
    """Standard output or standard error takes no more."""


def exit_code_of(command: Callable[[], object]) -> int:
    """Call a command; print what went wrong, and return the exit code of the process."""
    try:
        code = _call(command)
    except KeyboardInterrupt:  # while another error was being printed
        code = INTERRUPTED
    try:
        _flush()
    except _OutputLost as lost:
        return _end_without_output(lost.__cause__)
    return code


def _call(command: Callable[[], object]) -> int:
    try:
        code = command()
    except SystemExit as end:  # click's own, after it has completed words for a shell
        code = end.code
    except BaseException as error:
        return _end_of(
            error.__cause__ or error if isinstance(error, Escaped) else error
        )
    return code if isinstance(code, int) else 0


def _end_of(error: BaseException) -> int:
    """Print an error and return its exit code."""
    if isinstance(error, click.ClickException):
        return _complain(_usage(error), error.exit_code)
    message, code = _describe(error)
    if isinstance(error, OSError) and _was_printing(error):
        return _end_without_output(error)
    return _complain(message, code)


def _describe_machine(error: OSError) -> str:
    """Say what the machine refused; "" where the error is not of that kind."""
    if error.filename and error.errno in _OF_THE_MACHINE:
        name = clean(os.fsdecode(error.filename))
        return f"{name}: can't be used: {error.strerror}. {_WAY_OUT}"
    if not error.filename and "temporary directory" in (error.strerror or ""):
        return f"{error.strerror}. Name one with TMPDIR."  # of `tempfile`
    return ""


def _usage(error: click.ClickException) -> str:
    """Return what click prints of an error; it quotes what was typed."""
    text = io.StringIO()
    error.show(text)
    return text.getvalue().rstrip("\n")


def _describe(error: BaseException) -> tuple[str, int]:
    """Return what to print of an error, and the exit code."""
    if isinstance(error, UserError):
        return f"Error: {_escape_names(str(error))}", WRONG_INPUT
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "Stopped.", INTERRUPTED
    if isinstance(error, OSError) and (told := _describe_machine(error)):
        return f"Error: {told}", WRONG_INPUT
    lines = "".join(traceback.format_exception(error))
    if isinstance(error, SystemExit):
        cause = (
            f"something that it imports or calls ended it by sys.exit({error.code!r})"
        )
    else:
        cause = "this is a bug"
    message = (
        f"{lines}Error: the command has not finished: {cause}, in rakuten-bench "
        f"{__version__} or in an option or plugin of yours."
    )
    return message, INTERNAL_ERROR


def _escape_names(message: str) -> str:
    """Escape line ends in names that were typed, or that a shell found in a folder."""
    for word in sys.argv[1:]:
        if len(word.splitlines()) > 1:
            message = message.replace(word, ascii(word)[1:-1])
    return message


def _was_printing(error: OSError) -> bool:
    """Tell whether an error is about our output, not about a file or a worker's pipe."""
    *_, (innermost, _) = traceback.walk_tb(error.__traceback__)
    return innermost.f_code is click.echo.__code__


def _complain(message: str, code: int) -> int:
    """Print to standard error where that is possible; return the exit code."""
    with contextlib.suppress(OSError):
        echo(message, err=True)
    return code


def _flush() -> None:
    """Write what is left of our output.

    Raises
    ------
    _OutputLost
        If it can't be written.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is None or getattr(stream, "closed", False):
            continue
        try:
            stream.flush()
        except OSError as error:
            raise _OutputLost from error


def _end_without_output(error: BaseException | None) -> int:
    """Give up standard output, and return the code for why it takes no more."""
    if isinstance(error, BrokenPipeError):  # the reader went away, as `head` does
        code = OUTPUT_CLOSED
    else:
        reason = getattr(error, "strerror", None) or error
        message = f"Error: the output can't be written: {reason}."
        code = _complain(message, WRONG_INPUT)
    for stream in (sys.stdout, sys.stderr):
        _discard(stream)
    return code


def _discard(stream: object) -> None:
    """Point a stream that takes no more to nowhere: Python flushes it when it ends."""
    try:
        stream.flush()  # type: ignore[attr-defined]
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):  # none, or closed
        return
