"""Cache of verified records, so that a large board is not verified again.

The cache has a checksum of each verified record: of its values, the files beside it, the
test rows of the board, and the source of this package. Sizes and times of files are not
used. The cache is in the user's cache folder, never in the results folder, and is trusted
only if no other user can write to it: a user who can change records must not be able to
mark them as verified.
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
from rakuten_bench.records.file import replace_file
from rakuten_bench.records.schema import Record, Row
from rakuten_bench.records.store import CLUSTERS_FILE, CONFUSION_FILE, PREDICTIONS_FILE
from rakuten_bench.store.layout import Layout
from rakuten_bench.trust import is_private

_SIZE = 16  # bytes of a checksum
_BLOCK = 1 << 20  # bytes read at a time
_MAX_FILE = 1 << 32  # bytes: a larger file is not a record's, such as a sparse one
_MAX_SIZE = 1 << 28  # bytes: 16 million records
_FILES = (PREDICTIONS_FILE, CONFUSION_FILE, CLUSTERS_FILE)


class Verified:
    """Checksums of the verified records of one board.

    Parameters
    ----------
    cache : Path
        The user's cache.
    board : Path
        Folder of the board.
    """

    def __init__(self, cache: Path, board: Path) -> None:
        digest = hashlib.blake2b(os.fsencode(board.absolute()), digest_size=_SIZE)
        user = str(os.geteuid()) if hasattr(os, "geteuid") else "own"
        self._path = Layout(cache).verified / user / digest.hexdigest()
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
        """Mark a checksum as verified."""
        self._now.add(checksum)

    def checksum(self, folder: Path, record: Record | Row, rows_digest: str) -> bytes:
        """Return the checksum of a record and everything that it is verified against.

        Raises
        ------
        OSError
            If an existing file can't be read.
        """
        digest = hashlib.blake2b(self._version, digest_size=_SIZE)
        values = msgspec.msgpack.encode([folder.name, rows_digest, record])
        for content in (values, *(_digest_file(folder / name) for name in _FILES)):
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.digest()

    def _read(self) -> frozenset[bytes]:
        with contextlib.suppress(OSError):
            if is_private(self._path):
                content = read_plain(self._path, _MAX_SIZE)
                starts = range(0, len(content), _SIZE)
                return frozenset(content[at : at + _SIZE] for at in starts)
        return frozenset()

    def save(self, *, whole_board: bool = False) -> None:
        """Save the checksums of earlier processes and those verified in this one.

        Parameters
        ----------
        whole_board : bool
            Whether all records of the board were verified: other checksums are dropped.
        """
        verified = self._now if whole_board else self._now | self._before
        if verified == self._before:
            return
        with contextlib.suppress(OSError):  # boards must work on a full disk, too
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._path, b"".join(sorted(verified)))
            self._path.chmod(0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()


def _digest_file(path: Path) -> bytes:
    """Return the digest of a file; b"" if it does not exist.

    Raises
    ------
    OSError
        If it can't be read, or is too large.
    """
    try:
        with open_plain(path) as file:
            if os.fstat(file.fileno()).st_size > _MAX_FILE:
                raise NotPlain(errno.EFBIG, "is too large", str(path))
            digest = hashlib.blake2b(digest_size=_SIZE)
            while block := file.read(_BLOCK):
                digest.update(block)
            return digest.digest()
    except FileNotFoundError:
        return b""
