"""A cache of other users: whether this one may work in it, and what to do where not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rakuten_bench.errors import UserError


class NoAccess(UserError):
    """A file or folder of the cache can't be used by this user."""


@contextmanager
def accessing(path: Path) -> Iterator[None]:
    """Name the file or folder of the cache that can't be used, and the way out.

    Raises
    ------
    NoAccess
        In place of an `OSError` inside.
    """
    try:
        yield
    except OSError as error:
        raise no_access(path, error) from error


def no_access(path: Path, error: OSError) -> NoAccess:
    """Return the message on a file or folder of the cache that can't be used."""
    named = error.filename or path
    reason = error.strerror or error
    message = (
        f"{named}: this file or folder of the cache can't be used ({reason}{_owner(path)})."
        f" {_WAY_OUT}"
    )
    return NoAccess(message)


_WAY_OUT = (
    "Name a cache of your own with --cache, or let its owner open it to all who share "
    "it: chmod -R a+rwX on its folder, and umask 000 in their sessions."
)


def _owner(path: Path) -> str:
    """Return whose a path is, where it is not this user's."""
    try:
        uid = path.stat().st_uid
        name = path.owner()
    except (OSError, KeyError, NotImplementedError):  # without a name, or on Windows
        return ""
    return "" if uid == os.getuid() else f"; it belongs to '{name}'"


def refuse_file(cache: Path) -> None:
    """Refuse a file in the place of the cache's folder.

    Raises
    ------
    UserError
    """
    if cache.exists() and not cache.is_dir():
        message = f"{cache}: the cache is a folder, and this is none. Check --cache."
        raise UserError(message)


def check_access(root: Path) -> None:
    """Refuse a store that this user can't work in, before anything is computed.

    Parameters
    ----------
    root : Path
        Folder of the store.

    Raises
    ------
    NoAccess
        If a folder can't be written or entered, or a lock file can't be opened.
    """
    with accessing(root):
        root.mkdir(parents=True, exist_ok=True)
        folders = [root, root / "pins", root / "locks", *root.glob("??")]
    files = [root / "evict.lock"]
    closed = [
        path
        for path, needed in [
            *((folder, os.R_OK | os.W_OK | os.X_OK) for folder in folders),
            *((file, os.R_OK | os.W_OK) for file in files),
        ]
        if os.path.lexists(path) and not os.access(path, needed)
    ]
    if closed:
        more = f" and {len(closed) - 1} more" if len(closed) > 1 else ""
        message = (
            f"{closed[0]}{more}: this user can't write to it, which a run in this cache "
            f"must{_owner(closed[0])}. {_WAY_OUT}"
        )
        raise NoAccess(message)
