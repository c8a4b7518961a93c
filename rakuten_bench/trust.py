"""Which files may be unpickled: loading a pickle runs code chosen by its author."""

from __future__ import annotations

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
