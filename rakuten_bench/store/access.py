"""Permission errors in a cache shared with other users, and how to resolve them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rakuten_bench.atomic import is_in_use
from rakuten_bench.errors import UserError


class NoAccess(UserError):
    """Permission denied for a file or folder of the cache."""


class InUse(NoAccess):
    """A file that Windows does not remove while another process has it open."""


@contextmanager
def accessing(path: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into a message on this path of the cache.

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
    """Return the error for a file or folder of the cache that failed to open."""
    subject = error.filename or path
    reason = error.strerror or error
    kind, hint = (InUse, _IN_USE) if is_in_use(error) else (NoAccess, _HINT)
    message = (
        f"{subject}: can't access this part of the cache ({reason}{_owner(path)})."
        f" {hint}"
    )
    return kind(message)


_IN_USE = "Another process may be using it: try again when that has ended."
_HINT = (
    "Use another cache (--cache), or ask its owner to share it: chmod -R a+rwX on the "
    "cache folder, and umask 000 for each user's runs."
)


def _owner(path: Path) -> str:
    """Return a note on the owner of a path; "" if that is this user or unknown."""
    if not hasattr(os, "getuid"):  # Windows
        return ""
    try:
        uid = path.stat().st_uid
        name = path.owner()
    except (OSError, KeyError):  # without a name
        return ""
    return "" if uid == os.getuid() else f"; owner: '{name}'"


def refuse_file(cache: Path) -> None:
    """Refuse a cache path that is a file.

    Raises
    ------
    UserError
    """
    if cache.exists() and not cache.is_dir():
        message = f"{cache}: the cache must be a folder, this is a file. Check --cache."
        raise UserError(message)


def check_access(root: Path) -> None:
    """Refuse a store that this user can't write to, before anything is computed.

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
            f"{closed[0]}{more}: no write permission, which a run in this cache needs"
            f"{_owner(closed[0])}. {_HINT}"
        )
        raise NoAccess(message)
