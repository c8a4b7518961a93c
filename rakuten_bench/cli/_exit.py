"""How a command ends: exit codes, and closed output.

Exit code 1 is reserved for the commands: `run` has a scenario without scores, `check` a
score that got worse, `merge` a conflict, `cache verify` a damaged result. Unexpected
errors never end with 1 or 0.
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
from rakuten_bench.errors import UserError
from rakuten_bench.interface.printing import echo
from rakuten_bench.wording.words import clean

WRONG_INPUT = 2
INTERNAL_ERROR = 70  # sysexits.h: EX_SOFTWARE
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
OUTPUT_CLOSED = 141  # 128 + SIGPIPE, likewise


#: Errors of the user's files, folders and disks that no command explains better.
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
    """Wraps an error that click would handle differently.

    It treats an `EOFError` as Ctrl-D at a prompt, exits with 1 on a broken pipe, and
    lets `sys.exit` in imported code end the command.
    """


@contextlib.contextmanager
def keep_from_click() -> Iterator[None]:
    """Raise errors that click would handle as `Escaped`.

    Raises
    ------
    Escaped
    """
    try:
        yield
    except (EOFError, OSError, SystemExit) as error:
        raise Escaped from error


class _OutputLost(Exception):
    """Standard output or standard error is closed or full."""


def exit_code_of(command: Callable[[], object]) -> int:
    """Call a command; print its error and return the exit code of the process."""
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
    except SystemExit as end:  # click's own, after shell completion
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
    """Return a message for an error of the system; "" for other errors."""
    if error.filename and error.errno in _OF_THE_MACHINE:
        name = clean(os.fsdecode(error.filename))
        return f"{name}: can't be used: {error.strerror}. {_WAY_OUT}"
    if not error.filename and "temporary directory" in (error.strerror or ""):
        return f"{error.strerror}. Name one with TMPDIR."  # of `tempfile`
    return ""


def _usage(error: click.ClickException) -> str:
    """Return what click prints for an error; it quotes the user's input."""
    text = io.StringIO()
    error.show(text)
    return text.getvalue().rstrip("\n")


def _describe(error: BaseException) -> tuple[str, int]:
    """Return the message for an error, and the exit code."""
    if isinstance(error, UserError):
        return f"Error: {_escape_names(str(error))}", WRONG_INPUT
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "Stopped.", INTERRUPTED
    if isinstance(error, OSError) and (told := _describe_machine(error)):
        return f"Error: {told}", WRONG_INPUT
    lines = "".join(traceback.format_exception(error))
    if isinstance(error, SystemExit):
        cause = f"code that it imports or calls has called sys.exit({error.code!r})"
    else:
        cause = "this is a bug"
    message = (
        f"{lines}Error: the command did not finish: {cause}, in rakuten-bench "
        f"{__version__} or in one of your options or plugins."
    )
    return message, INTERNAL_ERROR


def _escape_names(message: str) -> str:
    """Escape line ends in names typed by the user or expanded by a shell."""
    for word in sys.argv[1:]:
        if len(word.splitlines()) > 1:
            message = message.replace(word, ascii(word)[1:-1])
    return message


def _was_printing(error: OSError) -> bool:
    """Return whether an error concerns our output, not a file or a worker's pipe."""
    *_, (innermost, _) = traceback.walk_tb(error.__traceback__)
    return innermost.f_code is click.echo.__code__


def _complain(message: str, code: int) -> int:
    """Print to standard error if possible; return the exit code."""
    with contextlib.suppress(OSError):
        echo(message, err=True)
    return code


def _flush() -> None:
    """Flush our output.

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
    """Close standard output, and return the exit code for the cause."""
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
    """Redirect a closed stream to nowhere: Python flushes it at exit."""
    try:
        stream.flush()  # type: ignore[attr-defined]
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):  # none, or closed
        return
