"""Whose files may be unpickled: loading a pickle runs what its author wrote into it."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path


def is_private(path: Path) -> bool:
    """Tell whether only this user can have written a file.

    It and its folder must belong to this user, and be writable by nobody else. A group
    counts as nobody else where this user is its only member, which is the default of
    many Linux distributions. Windows has no such bits: there the access rights of the
    folder decide, and the answer is yes.

    Source: OpenSSH, StrictModes.
    """
    if sys.platform == "win32":
        return True
    try:
        return all(_is_ours(one.stat()) for one in (path, path.parent))
    except OSError:
        return False


def _is_ours(found: os.stat_result) -> bool:
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_IWOTH:
        return False
    return not found.st_mode & stat.S_IWGRP or _is_private_group(found.st_gid)


def _is_private_group(gid: int) -> bool:
    """Tell whether a group is the one that bears the user's name and has no other member."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    is_named_so = group.gr_name == user.pw_name and user.pw_gid == gid
    return is_named_so and set(group.gr_mem) <= {user.pw_name}
