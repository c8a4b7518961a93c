"""Atomic writes of files and folders, safe against being killed.

They are written under a temporary name in the same folder and renamed. The temporary
name contains host and process, so that leftovers of dead processes are recognized.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

SUFFIX = ".part"
_WRITTEN_BY = re.compile(
    r"^\..+\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{8}\.part$", re.DOTALL
)
#: Temporary names of earlier versions.
_WRITTEN_BEFORE = re.compile(
    r"^(\..+|[0-9a-f]{16,})\.(?P<pid>\d+)(\.\d+)?\.tmp$|^.+\.(?P<part>\d+)\.part$",
    re.DOTALL,
)
_LONGEST_NAME = 150  # bytes, of the 255 that most file systems allow
_LONGEST_WRITE = 86_400  # seconds: process ids are reused
_DENIED, *_IN_USE = 5, 32, 33  # Windows: access denied, sharing and lock violation
_LONGEST_USE = 5.0  # seconds that another process may keep a file open
_MIN_PAUSE, _MAX_PAUSE = 0.005, 0.2  # seconds between two attempts


def partial_path(path: Path) -> Path:
    """Return a temporary name beside a path, unique to this process and call."""
    name = os.fsdecode(os.fsencode(path.name)[:_LONGEST_NAME])
    token = uuid.uuid4().hex[:8]
    return path.with_name(f".{name}.{_host()}-{os.getpid()}-{token}{SUFFIX}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name; rename it when the block ends, remove it on failure."""
    partial = partial_path(path)
    try:
        yield partial
        replace(partial, path)
    finally:
        with suppress(OSError):  # renamed, or nothing could be written at all
            partial.unlink()


def replace(partial: Path, path: Path) -> None:
    """Rename a file, replacing another one.

    Windows refuses it while another process has either of them open, such as a reader
    or a virus scanner: it is tried again for some seconds.
    """
    _when_unused(lambda: partial.replace(path))


def remove(path: Path) -> None:
    """Remove a file if it exists; on Windows, wait for a process that has it open."""
    _when_unused(lambda: path.unlink(missing_ok=True))


def _when_unused(act: Callable[[], object]) -> None:
    """Call a function; again, for some seconds, if a file is in use."""
    due = time.monotonic() + _LONGEST_USE
    pause = _MIN_PAUSE
    while True:
        try:
            act()
            return
        except PermissionError as error:
            is_denied = getattr(error, "winerror", None) == _DENIED  # most vague of all
            if not (is_denied or is_in_use(error)) or time.monotonic() > due:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _MAX_PAUSE)


def is_in_use(error: OSError) -> bool:
    """Return whether an operation has failed because a process uses the file."""
    return getattr(error, "winerror", None) in _IN_USE


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    with replacing(path) as partial:
        partial.write_bytes(content)


def is_partial(name: str) -> bool:
    """Return whether a name is a temporary one: being written, or abandoned."""
    return bool(_WRITTEN_BY.match(name) or _WRITTEN_BEFORE.match(name))


def remove_leftovers(folder: Path) -> int:
    """Remove temporary files of dead processes from a folder.

    Files that this user can't remove stay; those of other hosts, whose processes may
    still be writing, are removed a day later.

    Returns
    -------
    int
        Number of files and folders removed.
    """
    count = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((SUFFIX, ".tmp")) and _is_left(entry):
                count += _remove(entry)
    return count


def _is_left(entry: os.DirEntry[str]) -> bool:
    """Return whether the process that wrote a file or folder is gone."""
    ours = _WRITTEN_BY.match(entry.name)
    before = _WRITTEN_BEFORE.match(entry.name)
    if ours is None and before is None:
        return False
    if ours and ours["host"] != _host():
        return _is_old(entry)
    pid = ours["pid"] if ours else before and (before["pid"] or before["part"])
    return not _is_alive(int(pid or 0)) or _is_old(entry)


def _is_alive(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))


def _is_old(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        changed = entry.stat(follow_symlinks=False).st_mtime
        return changed < time.time() - _LONGEST_WRITE
    return False


def _remove(entry: os.DirEntry[str]) -> bool:
    try:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
    except OSError:
        return False
    return True


@cache
def _host() -> str:
    """Return an identifier of the machine, or container, whose processes are visible."""
    namespace = ""
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    text = f"{platform.node()} {namespace}"
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
