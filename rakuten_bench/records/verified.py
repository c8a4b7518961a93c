"""Cache of verified records, so that a large board is not verified again.

What is kept is a checksum of all that decides: the record's values, the bytes of the
files beside it, the test rows of the board, and our source, which verifies. Nothing is
believed by the size or the time of a file. It lies in the user's cache, never in the
results folder, and is believed only where nobody else can write: who can change records
can't vouch for them.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from importlib.metadata import version
from pathlib import Path
from typing import Self

import msgspec

from rakuten_bench.plain import NotPlain, open_plain, read_plain
from rakuten_bench.plan.source import package_digest
from rakuten_bench.records.schema import Record, Row
from rakuten_bench.records.store import (
    CLUSTERS_FILE,
    CONFUSION_FILE,
    PREDICTIONS_FILE,
    replace_file,
)
from rakuten_bench.store.layout import Layout
from rakuten_bench.trust import is_private

_SIZE = 16  # bytes of a checksum
_BLOCK = 1 << 20  # bytes read at a time
_MAX_FILE = 1 << 32  # bytes: a sparse file is none of ours, and has no end
_MAX_SIZE = 1 << 28  # bytes: 16 million records
_FILES = (PREDICTIONS_FILE, CONFUSION_FILE, CLUSTERS_FILE)


class Verified:
    """Checksums of the records of one board that were found true.

    Parameters
    ----------
    cache : Path
        The user's cache.
    board : Path
        Folder of the board.
    """

    def __init__(self, cache: Path, board: Path) -> None:
        place = hashlib.blake2b(os.fsencode(board.absolute()), digest_size=_SIZE)
        user = str(os.geteuid()) if hasattr(os, "geteuid") else "own"
        self._path = Layout(cache).verified / user / place.hexdigest()
        self._before = self._read()
        self._now: set[bytes] = set()
        self._version = b"".join(
            text.encode() for text in (package_digest(), version("numpy"))
        )

    def __contains__(self, checksum: bytes) -> bool:
        if checksum not in self._before:
            return False
        self._now.add(checksum)
        return True

    def add(self, checksum: bytes) -> None:
        """Keep that a record of this checksum is true."""
        self._now.add(checksum)

    def checksum(self, folder: Path, record: Record | Row, rows_digest: str) -> bytes:
        """Return the checksum of a record and of all that it is held to.

        Raises
        ------
        OSError
            If a file is there and can't be read.
        """
        digest = hashlib.blake2b(self._version, digest_size=_SIZE)
        said = msgspec.msgpack.encode([folder.name, rows_digest, record])
        for content in (said, *(_digest_file(folder / name) for name in _FILES)):
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.digest()

    def _read(self) -> frozenset[bytes]:
        with contextlib.suppress(OSError):
            if is_private(self._path):
                content = read_plain(self._path, _MAX_SIZE)
                starts = range(0, len(content), _SIZE)
                return frozenset(content[at : at + _SIZE] for at in starts)
        return frozenset()

    def save(self) -> None:
        """Keep what was found true now, and nothing else of before."""
        if self._now == self._before:
            return
        with contextlib.suppress(OSError):  # a board is shown on a full disk, too
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._path, b"".join(sorted(self._now)))
            self._path.chmod(0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()


def _digest_file(path: Path) -> bytes:
    """Return the digest of a file; nothing where there is none.

    Raises
    ------
    OSError
        If it can't be read, or is so large that reading the record takes less.
    """
    try:
        with open_plain(path) as file:
            if os.fstat(file.fileno()).st_size > _MAX_FILE:
                raise NotPlain(errno.EFBIG, "is not read to its end", str(path))
            digest = hashlib.blake2b(digest_size=_SIZE)
            while block := file.read(_BLOCK):
                digest.update(block)
            return digest.digest()
    except FileNotFoundError:
        return b""
