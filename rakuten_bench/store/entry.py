"""One result in one file: what is known of it, then its value, checksummed.

The file holds a short head, a header in JSON, the value as `codec` writes it, and its
arrays one by one, each at a multiple of 64 bytes. Reading it back maps the arrays from the
file: nothing is copied and all processes share the pages. An array that a step has already
written to a file of its own is not written again: that file becomes part of the entry.

Checksums are compared whenever a process reads a file for the first time, and the key
inside with the name outside, so that neither a flipped bit nor a swapped file is believed.
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
_ANY_MAGIC = b"RBENTRY"  # of whatever version
_HEAD = struct.Struct("<8sII")  # magic, length and checksum of the header
_FIRST_READ = 4096
_ALIGNMENT = 64
_SMALL = 1 << 16  # below this a file is read, not mapped
_CHUNK = 1 << 24
_LARGEST_CHECKSUM = (1 << 32) - 1

#: A file as it was when its checksums were compared: inode, size and time of change in ns.
Stamp = tuple[int, int, int]


class DamagedEntry(Exception):
    """A file that is not a whole entry of its key."""


class OutdatedEntry(DamagedEntry):
    """An entry of another version of this program."""


class ForeignPickle(UserError):
    """A result that holds a pickle which somebody else may have written."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a stored result.

    Attributes
    ----------
    seconds : float
        Wall clock of computing it.
    memory : int
        Peak resident memory while computing it, bytes.
    size : int
        On disk, bytes.
    step : str
        What it is, in words.
    lever : str
        Of the step; "" for a root.
    notes : tuple of str
        Warnings and notices while it was computed.
    n_threads : int
        Numeric threads that it was allowed.
    device : str
        What it ran on.
    gpu : str
        Name of the GPU; "" where it ran on the CPU.
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
    """What an entry consists of.

    Attributes
    ----------
    key : str
        Of the step: the name of the file.
    sizes : tuple of int
        Bytes of the value's tree, then of each array.
    checksum : int
        CRC-32 over all of them.
    attached : tuple of Attached
    is_recompute : bool
        Whether the value is the step itself, which is computed anew each time.
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
    """Return where an entry's attached file is."""
    return path.with_suffix(f".{number}.data")


def write_entry(
    path: Path, encoded: Encoded, facts: Facts, *, is_recompute: bool = False
) -> Facts:
    """Write an entry so that it is there as a whole or not at all.

    Returns
    -------
    Facts
        With the size.
    """
    attached = tuple(_attach(path, n, file) for n, file in enumerate(encoded.files))
    size = encoded.size + sum(one.size for one in attached)
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
    """Write the parts, then the header before them; large ones are summed meanwhile."""
    length = len(_encode(header))
    with ExitStack() as threads:
        if encoded.size < _SMALL:
            summed: Callable[[], int] = partial(_checksum, encoded.parts)
        else:
            thread = threads.enter_context(ThreadPoolExecutor(1))
            summed = thread.submit(_checksum, encoded.parts).result
        _write_parts(file, encoded.parts, _HEAD.size + length)
        known = _encode(msgspec.structs.replace(header, checksum=summed()))
    text = known.ljust(length)  # blanks are nothing to JSON
    file.seek(0)
    file.write(_HEAD.pack(_MAGIC, length, zlib.crc32(text)) + text)


def _write_parts(file: BinaryIO, parts: Sequence[Buffer], place: int) -> None:
    """Write the parts one by one from a place on."""
    file.seek(place)
    for part in parts:
        gap = -place % _ALIGNMENT
        file.write(bytes(gap))
        file.write(part)
        place += gap + memoryview(part).nbytes


def _checksum(parts: Sequence[Buffer]) -> int:
    found = 0
    for part in parts:
        found = zlib.crc32(part, found)
    return found


def _file_checksum(path: Path) -> int:
    found = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found = zlib.crc32(chunk, found)
    return found


def read_header(path: Path) -> Header:
    """Read what an entry consists of, without its value.

    Raises
    ------
    DamagedEntry
        If the file does not begin as one.
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
    except msgspec.MsgspecError as error:
        raise DamagedEntry from error
    if header.key != path.stem:  # a file that was copied or swapped
        raise DamagedEntry
    return header


def read_entry(path: Path, verified: set[Stamp] | None = None) -> tuple[Any, Header]:
    """Read a value; its arrays are mapped from the file and can't be written to.

    Parameters
    ----------
    path : Path
    verified : set of Stamp, optional
        Large files whose checksums this process has compared; this one is added. Small
        ones are compared each time.

    Raises
    ------
    DamagedEntry
        If the file is not whole, or another key's.
    ForeignPickle
        If it holds a pickle that another user may have written.
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
        f"{path}: holds a pickle, and another user could have written it; loading it "
        f"could run their code. Use a cache of your own (--cache), or take the right to "
        f"write from others: chmod -R go-w {path.parent}"
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
    """Compare all checksums of an entry.

    Raises
    ------
    DamagedEntry
        If one of them differs, or the file is not whole.
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
    for number, one in enumerate(header.attached):
        _check_attached(attached_path(path, number), one, verified)
    return header, parts


def _open(path: Path) -> tuple[Any, Stamp]:
    with path.open("rb", buffering=0) as file:
        stamp = stamp_of(os.fstat(file.fileno()))
        if stamp[1] < _SMALL:
            return file.read(), stamp
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), stamp


def stamp_of(found: os.stat_result) -> Stamp:
    """Return what changes when a file is written or replaced."""
    return found.st_ino, found.st_size, found.st_mtime_ns


def _cut(data: memoryview, sizes: Sequence[int], place: int) -> Iterator[memoryview]:
    for size in sizes:
        place += -place % _ALIGNMENT
        if place + size > len(data):
            raise DamagedEntry
        yield data[place : place + size]
        place += size
    if place != len(data):
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
