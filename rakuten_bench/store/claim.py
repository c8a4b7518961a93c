"""Claims: one lock per step, held by the process that computes it.

Each lock is a separate file, which its holder removes; a killed process leaves an
unlocked file, which the next claim reuses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rakuten_bench.store.lock import lock, try_lock


class Claims:
    """The locks of a cache.

    Parameters
    ----------
    folder : Path
        Holds a file for each claimed step; their contents are unused.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def hold(self, key: str, *, wait: bool = False) -> Iterator[bool]:
        """Claim a step while the block runs; yield False if it is claimed by another.

        Threads of one process exclude each other, too.

        Parameters
        ----------
        key : str
        wait : bool
            Wait until the step is free. The caller must hold no other claim, or two
            waiting processes could deadlock.

        Raises
        ------
        NoAccess
            If the lock file can't be opened or locked.
        """
        path = self.folder / key
        release = lock(path) if wait else try_lock(path)
        try:
            yield release is not None
        finally:
            if release is not None:
                release()

    def is_free(self, key: str) -> bool:
        """Return whether a step is unclaimed."""
        if not os.path.lexists(self.folder / key):
            return True
        with self.hold(key) as held:
            return held
