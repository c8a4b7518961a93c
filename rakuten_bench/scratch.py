"""Arrays on disk, written row by row by steps that may be killed."""

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
    """Open an array with the rows written so far, or create one of zeros.

    The file is sparse: unwritten rows take no disk space.

    Parameters
    ----------
    folder : Path or None
        None for a temporary file that is deleted with the array.
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
        rows = np.lib.format.open_memmap(path, mode="r+")
    except (OSError, ValueError):  # none yet, or an incomplete header
        return np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)
    if rows.shape == shape and rows.dtype == dtype:
        return rows
    return np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)


def release(rows: NDArray[Any]) -> None:
    """Release the resident pages of a memory-mapped array.

    They stay in the file and in the page cache, but no longer count as memory of this
    process: reading or writing row by row takes constant memory.
    """
    mapping = getattr(rows, "_mmap", None)
    if mapping is not None and hasattr(mapping, "madvise"):  # not on Windows
        mapping.madvise(mmap.MADV_DONTNEED)


def _open_temporary(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Map an unnamed file: the system removes it with its last view."""
    if 0 in shape:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.dtype(dtype), "w+", shape=shape)
