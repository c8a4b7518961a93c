"""Read archives of arrays from untrusted sources.

No object is unpickled, no more memory is allocated than a genuine file of that size
needs, and only regular files are opened.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.plain import open_plain

#: Raised for damaged and encrypted files, in addition to `OSError`.
DAMAGES = (
    *(ValueError, KeyError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)

#: An archive is read if it unpacks to at most this many bytes, or this multiple of its
#: size: a million rows of a constant prediction take 60 MB.
_MAX_UNPACKED, _MAX_RATIO = 1 << 27, 50

Shape = tuple[int, ...]


@contextlib.contextmanager
def open_npz(path: Path, names: Collection[str]) -> Iterator[zipfile.ZipFile]:
    """Open an archive, unless some of its arrays unpack to far more than its size.

    Parameters
    ----------
    path : Path
    names : collection of str
        Of the arrays that will be read completely.

    Raises
    ------
    OSError, ValueError, zipfile.BadZipFile
    """
    with open_plain(path) as opened:
        if not zipfile.is_zipfile(opened):  # NumPy would suggest unpickling it
            message = "it is not an archive of arrays"
            raise ValueError(message)
        packed = os.fstat(opened.fileno()).st_size
        with zipfile.ZipFile(opened) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            unpacked = sum(sizes.get(f"{name}.npy", 0) for name in names)
            check_unpacked(unpacked, packed)
            yield archive


def check_unpacked(unpacked: int, packed: int) -> None:
    """Refuse what unpacks to far more than its size.

    Raises
    ------
    ValueError
    """
    if unpacked > max(_MAX_UNPACKED, _MAX_RATIO * packed):
        message = f"its {packed:,} bytes unpack to {unpacked:,}"
        raise ValueError(message)


def list_arrays(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the arrays of an archive."""
    names = archive.namelist()
    return [name.removesuffix(".npy") for name in names if name.endswith(".npy")]


def read_head(
    archive: zipfile.ZipFile, name: str
) -> tuple[Shape, np.dtype[np.generic]]:
    """Return the shape and type in an array's header, without reading the array.

    Raises
    ------
    KeyError, ValueError, zipfile.BadZipFile
    """
    with archive.open(f"{name}.npy") as member:
        return _read_head(member)


def read_array(archive: zipfile.ZipFile, name: str) -> NDArray[np.generic]:
    """Read an array; no memory is allocated for values that the file does not contain.

    Raises
    ------
    KeyError, ValueError, zipfile.BadZipFile
    """
    content = archive.read(f"{name}.npy")
    check_array(content, f"'{name}'")
    member = io.BytesIO(content)
    array: NDArray[np.generic] = np.lib.format.read_array(member, allow_pickle=False)
    return array


def check_array(content: bytes, subject: str = "an array") -> None:
    """Refuse an array in NumPy's format that lacks values which its header promises.

    Raises
    ------
    ValueError
    """
    member = io.BytesIO(content)
    shape, dtype = _read_head(member)
    if math.prod(shape) * dtype.itemsize != len(content) - member.tell():
        message = (
            f"{subject} lacks some of the {math.prod(shape):,} values of its header"
        )
        raise ValueError(message)


def _read_head(member: IO[bytes]) -> tuple[Shape, np.dtype[np.generic]]:
    if np.lib.format.read_magic(member) != (1, 0):
        message = "it has an unsupported version of NumPy's format"
        raise ValueError(message)
    shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    if any(length < 0 for length in shape) or not dtype.itemsize:
        message = f"an array has the shape {shape} and the type {dtype}"
        raise ValueError(message)
    return shape, dtype
