"""Rows of numbers on the disk, written one by one by a step that may be killed."""

from __future__ import annotations

import mmap
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def open_rows(
    folder: Path | None, name: str, shape: tuple[int, ...], dtype: DTypeLike
) -> NDArray[Any]:
    """Open the rows that were written before, or make room for them, all zero.

    The file is sparse: what is never written takes no room on the disk.

    Parameters
    ----------
    folder : Path or None
        None for a temporary file that is gone with the array.
    name : str
        Of the file in the folder, without suffix.
    shape : tuple of int
    dtype : dtype

    Returns
    -------
    array of that shape
        Memory-mapped, to be read and written.
    """
    if folder is None:
        return _open_temporary(shape, dtype)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.npy"
    try:
        found = np.lib.format.open_memmap(path, mode="r+")
    except (OSError, ValueError):  # none yet, or its header was never finished
        return np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)
    if found.shape == shape and found.dtype == dtype:
        return found
    return np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)


def release(rows: NDArray[Any]) -> None:
    """Let go of the pages of a mapped array that were touched.

    They stay in its file and in the system's cache, and count no more as this process's
    memory: what is written or read row by row takes the same room however long it is.
    """
    mapping = getattr(rows, "_mmap", None)
    if mapping is not None and hasattr(mapping, "madvise"):  # not on Windows
        mapping.madvise(mmap.MADV_DONTNEED)


def _open_temporary(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Map a file without a name: the system removes it with the last view of it."""
    if 0 in shape:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.dtype(dtype), "w+", shape=shape)
