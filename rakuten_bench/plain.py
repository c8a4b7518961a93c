"""Read files from untrusted sources: regular ones of limited size.

Reading a pipe, a socket or a device instead of a file could block or never end.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

#: Open pipes without blocking, and files as binary; flags not on every system.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISFIFO, "is a named pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)

LONGEST_LINE = 1 << 22  # characters: probabilities of some 100,000 classes
_PATIENCE, _POLL_INTERVAL = 0.5, 0.01  # seconds to wait for a pipe's writer


class NotPlain(OSError):
    """Not a regular file, or one that exceeds the size limit."""


def open_plain(path: Path) -> IO[bytes]:
    """Open a regular file.

    Raises
    ------
    OSError
        `NotPlain` for a pipe, a socket or a device.
    """
    check_plain(path)
    opened = os.open(path, _FLAGS)
    try:
        _check_kind(path, os.fstat(opened))  # it may have been replaced
        return os.fdopen(opened, "rb")
    except OSError:
        os.close(opened)
        raise


def read_plain(path: Path, limit: int) -> bytes:
    """Return the content of a regular file.

    Parameters
    ----------
    path : Path
    limit : int
        Maximum size in bytes.

    Raises
    ------
    OSError
        As `open_plain`; also `NotPlain` for a larger file.
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = b"" if size > limit else file.read(limit + 1)
    if max(size, len(content)) > limit:
        message = f"has {max(size, len(content)):,} bytes, over the limit of {limit:,}"
        raise NotPlain(errno.EFBIG, message, str(path))
    return content


def iter_lines(
    path: Path, longest: int = LONGEST_LINE, errors: str = "strict"
) -> Iterator[str]:
    """Yield the lines of a text in UTF-8, with their line ends.

    Parameters
    ----------
    path : Path
    longest : int
        Maximum number of characters in a line.
    errors : str
        How to treat bytes that are not UTF-8, as in `bytes.decode`.

    Raises
    ------
    OSError
        As `open_plain`; also `NotPlain` for a longer line.
    UnicodeDecodeError
    """
    with (
        open_plain(path) as file,
        io.TextIOWrapper(file, "utf-8-sig", errors, newline="") as text,
    ):
        while line := text.readline(longest + 1):
            if len(line) > longest:
                message = f"has a line of more than {longest:,} characters"
                raise NotPlain(errno.EFBIG, message, str(path))
            yield line


def read_pipe(path: Path) -> bytes:
    """Return the data written to a named pipe, if a writer opens it soon.

    Raises
    ------
    OSError
        `NotPlain` if no process opens its other end.
    """
    with os.fdopen(os.open(path, _FLAGS), "rb", buffering=0) as pipe:
        end = time.monotonic() + _PATIENCE
        while (start := pipe.read(1 << 16)) == b"" and time.monotonic() < end:
            time.sleep(_POLL_INTERVAL)  # no writer yet; None: one that has not written
        if start == b"":
            message = "is a named pipe without a writer"
            raise NotPlain(errno.EINVAL, message, str(path))
        os.set_blocking(pipe.fileno(), True)
        return (start or b"") + pipe.readall()


def check_plain(path: Path) -> None:
    """Reject anything but a regular file.

    Raises
    ------
    OSError
        As `open_plain`.
    """
    _check_kind(path, path.stat())


def _check_kind(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    for is_kind, message in _KINDS:
        if is_kind(status.st_mode):
            raise NotPlain(errno.EINVAL, f"{message}, not a file", str(path))
