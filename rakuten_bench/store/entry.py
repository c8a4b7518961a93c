"""File format of a stored result: metadata, then the value, with checksums.

The file consists of a fixed-size head, a JSON header, the value encoded by `codec`, and
its arrays, each aligned to 64 bytes. Reading maps the arrays from the file: nothing is
copied and all processes share the pages. An array that a step has already written to a
file is not written again: that file becomes part of the entry.

A process verifies the checksums when it first reads a file, and that the key in the
header matches the file name: flipped bits and swapped files are detected.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench.atomic import replacing
from rakuten_bench.errors import UserError
from rakuten_bench.store.codec import (
    DECODING_ERRORS,
    Encoded,
    PickleRefused,
    decode,
)
from rakuten_bench.store.codec.tag import Buffer
from rakuten_bench.trust import is_private

_MAGIC = b"RBENTRY2"
_ANY_MAGIC = b"RBENTRY"  # of any version
_HEAD = struct.Struct("<8sII")  # magic, length and checksum of the header
_FIRST_READ = 4096
_ALIGNMENT = 64
_SMALL = 1 << 16  # below this a file is read, not mapped
_CHUNK = 1 << 24
_LARGEST_CHECKSUM = (1 << 32) - 1

#: State of a file when its checksums were verified: inode, size, mtime in ns.
Stamp = tuple[int, int, int]


class DamagedEntry(Exception):
    """A file that is not a complete, valid entry of its key."""


class OutdatedEntry(DamagedEntry):
    """An entry in the format of another version of this program."""


class ForeignPickle(UserError):
    """A result with a pickle that another user may have written."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Metadata of a stored result.

    Attributes
    ----------
    seconds : float
        Wall-clock time of computing it.
    memory : int
        Peak resident memory while computing it, bytes.
    size : int
        On disk, bytes.
    step : str
        Description of the step.
    lever : str
        Of the step; "" for a root.
    notes : tuple of str
        Warnings and notices emitted while it was computed.
    n_threads : int
        Limit of its numeric threads.
    device : str
        The device that it ran on.
    gpu : str
        Name of the GPU; "" if it ran on the CPU.
    """

    seconds: float
    memory: int
    step: str
    size: int = 0
    lever: str = ""
    notes: tuple[str, ...] = ()
    n_threads: int = 1
    device: str = "cpu"
    gpu: str = ""


class Attached(msgspec.Struct, frozen=True):
    """A file beside the entry that holds one or more of its arrays."""

    size: int
    checksum: int


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Header of an entry.

    Attributes
    ----------
    key : str
        Key of the step, also the name of the file.
    sizes : tuple of int
        Bytes of the value's tree, then of each array.
    checksum : int
        CRC-32 over the tree and the arrays.
    attached : tuple of Attached
    is_recompute : bool
        Whether the value is the step itself, which is recomputed at each use.
    is_pickled : bool
        Whether a part of the value is a pickle.
    """

    key: str
    facts: Facts
    sizes: tuple[int, ...]
    checksum: int
    attached: tuple[Attached, ...] = ()
    is_recompute: bool = False
    is_pickled: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Header).decode


def attached_path(path: Path, number: int) -> Path:
    """Return the path of an entry's attached file."""
    return path.with_suffix(f".{number}.data")


def write_entry(
    path: Path, encoded: Encoded, facts: Facts, *, is_recompute: bool = False
) -> Facts:
    """Write an entry atomically.

    Returns
    -------
    Facts
        The facts with the size filled in.
    """
    attached = tuple(_attach(path, n, file) for n, file in enumerate(encoded.files))
    size = encoded.size + sum(part.size for part in attached)
    header = Header(
        key=path.stem,
        facts=msgspec.structs.replace(facts, size=size),
        sizes=tuple(memoryview(part).nbytes for part in encoded.parts),
        checksum=_LARGEST_CHECKSUM,
        attached=attached,
        is_recompute=is_recompute,
        is_pickled=encoded.is_pickled,
    )
    with replacing(path) as partial, partial.open("wb") as file:
        _write_all(file, header, encoded)
    return header.facts


def _attach(path: Path, number: int, file: Path) -> Attached:
    """Make a step's file part of an entry without copying it."""
    ours = attached_path(path, number)
    ours.unlink(missing_ok=True)
    try:
        ours.hardlink_to(file)
    except OSError:  # a file system without links
        file.rename(ours)
    return Attached(ours.stat().st_size, _file_checksum(ours))


def _write_all(file: BinaryIO, header: Header, encoded: Encoded) -> None:
    """Write the parts, then the header; checksum large parts in parallel."""
    length = len(_encode(header))
    with ExitStack() as threads:
        if encoded.size < _SMALL:
            checksum: Callable[[], int] = partial(_checksum, encoded.parts)
        else:
            thread = threads.enter_context(ThreadPoolExecutor(1))
            checksum = thread.submit(_checksum, encoded.parts).result
        _write_parts(file, encoded.parts, _HEAD.size + length)
        final = _encode(msgspec.structs.replace(header, checksum=checksum()))
    text = final.ljust(length)  # JSON ignores the trailing blanks
    file.seek(0)
    file.write(_HEAD.pack(_MAGIC, length, zlib.crc32(text)) + text)


def _write_parts(file: BinaryIO, parts: Sequence[Buffer], offset: int) -> None:
    """Write the parts from an offset on, each aligned."""
    file.seek(offset)
    for part in parts:
        gap = -offset % _ALIGNMENT
        file.write(bytes(gap))
        file.write(part)
        offset += gap + memoryview(part).nbytes


def _checksum(parts: Sequence[Buffer]) -> int:
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return checksum


def _file_checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return checksum


def read_header(path: Path) -> Header:
    """Read the header of an entry.

    Raises
    ------
    DamagedEntry
        If the file does not begin with a valid header.
    FileNotFoundError
    """
    with path.open("rb", buffering=0) as file:
        start = file.read(_FIRST_READ)
        end = _header_end(start)
        if end > len(start):
            start += file.read(end - len(start))
    return _parse_header(path, start, end)


def _header_end(start: Buffer) -> int:
    if len(start) < _HEAD.size:
        raise DamagedEntry
    magic, length, _ = _HEAD.unpack_from(start)
    if magic != _MAGIC:
        raise OutdatedEntry if magic.startswith(_ANY_MAGIC) else DamagedEntry
    return _HEAD.size + int(length)


def _parse_header(path: Path, start: Buffer, end: int) -> Header:
    text = bytes(start[_HEAD.size : end])
    if zlib.crc32(text) != _HEAD.unpack_from(start)[2]:
        raise DamagedEntry
    try:
        header = _decode(text)
    except ValueError as error:
        raise DamagedEntry from error
    if header.key != path.stem:  # a file that was copied or swapped
        raise DamagedEntry
    return header


def read_entry(path: Path, verified: set[Stamp] | None = None) -> tuple[Any, Header]:
    """Read a value; its arrays are memory-mapped, read-only.

    Parameters
    ----------
    path : Path
    verified : set of Stamp, optional
        Large files that this process has verified; this one is added. Small files are
        verified at each read.

    Raises
    ------
    DamagedEntry
        If the file is incomplete, damaged, or belongs to another key.
    ForeignPickle
        If it contains a pickle that another user may have written.
    FileNotFoundError
    """
    header, parts = _read_parts(path, set() if verified is None else verified)
    trusts = header.is_pickled and is_private(path)
    try:
        return decode(parts, _Attached(path), trusts_pickles=trusts), header
    except PickleRefused as error:
        raise ForeignPickle(_refusal(path)) from error
    except DECODING_ERRORS as error:
        raise DamagedEntry from error


def _refusal(path: Path) -> str:
    return (
        f"{path}: contains a pickle that another user could have written; loading it "
        f"could run their code. Use another cache (--cache), or remove the write "
        f"permission of other users: chmod -R go-w {path.parent}"
    )


class _Attached:
    """Opens the attached files of an entry."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(
        self,
        number: int,
        dtype: np.dtype[np.generic],
        shape: tuple[int, ...],
        offset: int,
        order: Literal["C", "F"],
    ) -> NDArray[np.generic]:
        file = attached_path(self._path, number)
        return np.memmap(file, dtype, "r", offset=offset, shape=shape, order=order)


def check_entry(path: Path) -> None:
    """Verify all checksums of an entry.

    Raises
    ------
    DamagedEntry
        If a checksum differs, or the file is incomplete.
    FileNotFoundError
    """
    _read_parts(path, set())


def _read_parts(path: Path, verified: set[Stamp]) -> tuple[Header, list[memoryview]]:
    data, stamp = _open(path)
    end = _header_end(data)
    header = _parse_header(path, data, end)
    parts = list(_cut(memoryview(data), header.sizes, end))
    if len(data) < _SMALL or stamp not in verified:
        if _checksum(parts) != header.checksum:
            raise DamagedEntry
        verified.add(stamp)
    for number, attached in enumerate(header.attached):
        _check_attached(attached_path(path, number), attached, verified)
    return header, parts


def _open(path: Path) -> tuple[Any, Stamp]:
    with path.open("rb", buffering=0) as file:
        stamp = stamp_of(os.fstat(file.fileno()))
        if stamp[1] < _SMALL:
            return file.read(), stamp
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), stamp


def stamp_of(stat: os.stat_result) -> Stamp:
    """Return the stamp of a file, which changes when it is written or replaced."""
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _cut(data: memoryview, sizes: Sequence[int], offset: int) -> Iterator[memoryview]:
    for size in sizes:
        offset += -offset % _ALIGNMENT
        if offset + size > len(data):
            raise DamagedEntry
        yield data[offset : offset + size]
        offset += size
    if offset != len(data):
        raise DamagedEntry


def _check_attached(file: Path, expected: Attached, verified: set[Stamp]) -> None:
    if not file.exists():
        raise DamagedEntry
    stamp = stamp_of(file.stat())
    if stamp in verified:
        return
    if stamp[1] != expected.size or _file_checksum(file) != expected.checksum:
        raise DamagedEntry
    verified.add(stamp)
