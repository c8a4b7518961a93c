"""One result in one file: what is known of it, then its value, checksummed.

The file holds a short head, a header in JSON, the pickled value, and its arrays one by
one, each at a multiple of 64 bytes. Reading it back maps the arrays from the file:
nothing is copied and all processes share the pages. An array that a step has already
written to a file of its own is not written again: that file becomes part of the entry.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

_MAGIC = b"RBENTRY1"
_HEAD = struct.Struct("<8sII")  # magic, length and checksum of the header
_FIRST_READ = 4096
_ALIGNMENT = 64
_SMALL = 1 << 16  # below this a file is read, not mapped
_CHUNK = 1 << 24
_LARGEST_CHECKSUM = (1 << 32) - 1

#: What unpickling can raise: of damaged bytes, and of a class that this installation lacks.
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    ImportError,
    pickle.UnpicklingError,
)


class DamagedEntry(Exception):
    """A file that is not a whole entry."""


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
    sizes : tuple of int
        Bytes of the pickled value, then of each array.
    checksum : int
        CRC-32 over all of them.
    attached : tuple of Attached
    is_recipe : bool
        Whether the value is the step itself, which is computed anew each time.
    """

    facts: Facts
    sizes: tuple[int, ...]
    checksum: int
    attached: tuple[Attached, ...] = ()
    is_recipe: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Header).decode


@dataclass(frozen=True)
class Packed:
    """A value as bytes.

    Attributes
    ----------
    parts : list of bytes-like
        The pickle, then the arrays.
    files : list of Path
        Files that go with it.
    """

    parts: list[Any]
    files: list[Path] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of the parts."""
        return sum(memoryview(part).nbytes for part in self.parts)


def pack(value: Any, folder: Path | None = None) -> Packed:
    """Turn a value into bytes; its arrays stay where they are.

    Parameters
    ----------
    value : object
    folder : Path, optional
        Arrays mapped from files in it are referred to, not copied.
    """
    arrays: list[pickle.PickleBuffer] = []
    files: list[Path] = []

    def reduce_mapped(array: np.memmap[Any, Any]) -> Any:
        place = _place_of(array, folder)
        if place is None:
            return np.asarray(array).__reduce_ex__(5)
        path, offset = place
        if path not in files:
            files.append(path)
        order = "C" if array.flags.c_contiguous else "F"
        described = (files.index(path), array.dtype, array.shape, offset, order)
        return _open_attached, described

    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5, buffer_callback=arrays.append)
    pickler.dispatch_table = {np.memmap: reduce_mapped}
    pickler.dump(value)
    return Packed([stream.getbuffer(), *(array.raw() for array in arrays)], files)


def _place_of(
    array: np.memmap[Any, Any], folder: Path | None
) -> tuple[Path, int] | None:
    """Return the file in a folder that an array lies in as a whole, and where."""
    whole = getattr(array, "_mmap", None)
    named = getattr(array, "filename", None)
    if folder is None or whole is None or named is None or not array.size:
        return None
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        return None
    path = Path(named)
    if folder.resolve() not in path.resolve().parents:
        return None
    start = np.frombuffer(whole, dtype=np.uint8).__array_interface__["data"][0]
    mapped_from = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
    return path, array.__array_interface__["data"][0] - start + mapped_from


#: The entry that is being read: its attached files lie beside it.
_reading: ContextVar[Path] = ContextVar("_reading")


def _open_attached(
    number: int, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int, order: Any
) -> NDArray[Any]:
    path = attached_path(_reading.get(), number)
    return np.memmap(path, dtype, "r", offset=offset, shape=shape, order=order)


def attached_path(path: Path, number: int) -> Path:
    """Return where an entry's attached file is."""
    return path.with_suffix(f".{number}.data")


def write_entry(
    path: Path, packed: Packed, facts: Facts, *, is_recipe: bool = False
) -> Facts:
    """Write an entry so that it is there as a whole or not at all.

    Returns
    -------
    Facts
        With the size.
    """
    attached = tuple(_attach(path, n, file) for n, file in enumerate(packed.files))
    size = packed.size + sum(one.size for one in attached)
    header = Header(
        facts=msgspec.structs.replace(facts, size=size),
        sizes=tuple(memoryview(part).nbytes for part in packed.parts),
        checksum=_LARGEST_CHECKSUM,
        attached=attached,
        is_recipe=is_recipe,
    )
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with beside.open("wb") as file:
            _write_all(file, header, packed)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
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


def _write_all(file: Any, header: Header, packed: Packed) -> None:
    """Write the parts, then the header before them; large ones are summed meanwhile."""
    length = len(_encode(header))
    with ExitStack() as threads:
        if packed.size < _SMALL:
            summed: Callable[[], int] = partial(_checksum, packed.parts)
        else:
            thread = threads.enter_context(ThreadPoolExecutor(1))
            summed = thread.submit(_checksum, packed.parts).result
        _write_parts(file, packed.parts, _HEAD.size + length)
        known = _encode(msgspec.structs.replace(header, checksum=summed()))
    text = known.ljust(length)  # blanks are nothing to JSON
    file.seek(0)
    file.write(_HEAD.pack(_MAGIC, length, zlib.crc32(text)) + text)


def _write_parts(file: Any, parts: Sequence[Any], place: int) -> None:
    """Write the parts one by one from a place on."""
    file.seek(place)
    for part in parts:
        gap = -place % _ALIGNMENT
        file.write(bytes(gap))
        file.write(part)
        place += gap + memoryview(part).nbytes


def _checksum(parts: Sequence[Any]) -> int:
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
    return _parse_header(start, end)


def _header_end(start: Any) -> int:
    if len(start) < _HEAD.size:
        raise DamagedEntry
    magic, length, _ = _HEAD.unpack_from(start)
    if magic != _MAGIC:
        raise DamagedEntry
    return _HEAD.size + int(length)


def _parse_header(start: Any, end: int) -> Header:
    header = bytes(start[_HEAD.size : end])
    if zlib.crc32(header) != _HEAD.unpack_from(start)[2]:
        raise DamagedEntry
    try:
        return _decode(header)
    except msgspec.MsgspecError as error:
        raise DamagedEntry from error


def read_entry(path: Path, *, verify: bool = False) -> tuple[Any, Header]:
    """Read a value; its arrays are mapped from the file and can't be written to.

    Parameters
    ----------
    path : Path
    verify : bool
        Compare the checksums too, which reads everything.

    Raises
    ------
    DamagedEntry
        If the file is not whole.
    FileNotFoundError
    """
    header, parts = _read_parts(path, verify=verify)
    try:
        with _from(path):
            return pickle.loads(parts[0], buffers=parts[1:]), header
    except _DAMAGED as error:
        raise DamagedEntry from error


def check_entry(path: Path) -> None:
    """Compare all checksums of an entry.

    Raises
    ------
    DamagedEntry
        If one of them differs, or the file is not whole.
    FileNotFoundError
    """
    _read_parts(path, verify=True)


def _read_parts(path: Path, *, verify: bool) -> tuple[Header, list[memoryview]]:
    data = _open(path)
    end = _header_end(data)
    header = _parse_header(data, end)
    parts = list(_cut(memoryview(data), header.sizes, end))
    _check_attached(path, header, verify=verify)
    if verify and _checksum(parts) != header.checksum:
        raise DamagedEntry
    return header, parts


def _open(path: Path) -> Any:
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size < _SMALL:
            return file.read()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _cut(data: memoryview, sizes: Sequence[int], place: int) -> Iterator[memoryview]:
    for size in sizes:
        place += -place % _ALIGNMENT
        if place + size > len(data):
            raise DamagedEntry
        yield data[place : place + size]
        place += size
    if place != len(data):
        raise DamagedEntry


def _check_attached(path: Path, header: Header, *, verify: bool) -> None:
    for number, one in enumerate(header.attached):
        file = attached_path(path, number)
        if not file.exists() or file.stat().st_size != one.size:
            raise DamagedEntry
        if verify and _file_checksum(file) != one.checksum:
            raise DamagedEntry


@contextmanager
def _from(path: Path) -> Iterator[None]:
    token = _reading.set(path)
    try:
        yield
    finally:
        _reading.reset(token)
