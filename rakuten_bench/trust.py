"""Which files may be loaded: a pickle or a Python file runs code of its author."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path


def is_private(path: Path) -> bool:
    """Return whether only this user can have written a file.

    It and its folder must belong to this user, and not be writable by others. A group
    whose only member is this user is not counted as others; many Linux distributions
    have such groups by default. Windows has no such bits: the access rights of the
    folder apply, and the answer is yes.

    Source: OpenSSH, StrictModes.
    """
    if not hasattr(os, "geteuid"):  # Windows
        return True
    try:
        return all(_is_ours(checked.stat()) for checked in (path, path.parent))
    except OSError:
        return False


def _is_ours(status: os.stat_result) -> bool:
    if status.st_uid != os.geteuid() or status.st_mode & stat.S_IWOTH:
        return False
    return not status.st_mode & stat.S_IWGRP or _is_private_group(status.st_gid)


def _is_private_group(gid: int) -> bool:
    """Return whether a group has the user's name and no other member."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    is_named_so = group.gr_name == user.pw_name and user.pw_gid == gid
    return is_named_so and set(group.gr_mem) <= {user.pw_name}


def remember(folder: Path, code: str) -> None:
    """Note that the user has run a Python file, or called a function of one.

    Parameters
    ----------
    folder : Path
        Of the notes; one that can't be written keeps none.
    code : str
        As `is_remembered` finds it.
    """
    note = _note(folder, code)
    if not note.exists():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            note.write_bytes(_encode(f"{code}\n"))


def is_remembered(folder: Path, code: str) -> bool:
    """Return whether the user has run a Python file, or such a call, before.

    A record of somebody else can name any file or function: it is run only if a scenario
    file that the user has named has run it.
    """
    return _note(folder, code).is_file()


def _note(folder: Path, code: str) -> Path:
    return folder / hashlib.blake2b(_encode(code), digest_size=16).hexdigest()


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
