"""Files that a user named and that can't be written: one message, no traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rakuten_bench.errors import UserError


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of which file it was that it can't be written.

    Raises
    ------
    UserError
        In place of an `OSError` inside.
    """
    try:
        yield
    except OSError as error:
        message = f"{path}: can't be written: {error.strerror or error}"
        raise UserError(message) from error
