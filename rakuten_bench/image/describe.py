"""Every image once, in parallel, its numbers straight to disk; a killed run goes on.

Memory stays the same whatever the number of images: each thread holds one image, and
results go to memory-mapped files. A row's mark is written after its values, so that a
later run starts with the first row that has none.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rakuten_bench.errors import Notice
from rakuten_bench.image.header import count_oddities
from rakuten_bench.image.read import Pixels, check_readable, read_image
from rakuten_bench.types import Images

_log = logging.getLogger(__name__)
_DONE = np.uint32(1 << 16)
_CHUNK = 16
_SECONDS_BETWEEN_LINES = 10.0

Visit = Callable[[int, Pixels], None]


def describe_images(
    images: Images,
    describe: Callable[[Pixels], NDArray[Any]],
    *,
    size: int,
    color: bool = True,
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[Any]:
    """Return one row of numbers for each image.

    Parameters
    ----------
    images : Images
    describe : callable
        Takes a uint8 array of shape (height, width, 3) or (height, width) and returns
        an array whose shape and dtype are the same for every image. It runs in several
        threads at once. A row without a readable image gets that of a white one.
    size : int
        The pixels that the shorter side keeps at least, where the image has them.
    color : bool
        RGB, or else grey.
    n_jobs : int
        Threads.
    folder : Path, optional
        Where the rows are kept while they are being made; those found there are not
        made again. Without it they live in a temporary file.

    Returns
    -------
    array of shape (n_rows, *shape)
        Memory-mapped.

    Raises
    ------
    UserError
        For an image that can't be read, where `images.on_error` is "fail".
    """
    blank = make_blank(size, color=color)
    example = np.asarray(describe(blank))
    shape = (len(images), *example.shape)
    values = open_rows(folder, "values", shape, example.dtype)

    def visit(row: int, image: Pixels) -> None:
        values[row] = describe(image)

    visit_images(images, visit, size=size, color=color, n_jobs=n_jobs, folder=folder)
    return values


def visit_images(
    images: Images,
    visit: Visit,
    *,
    size: int,
    color: bool = True,
    n_jobs: int = 1,
    folder: Path | None = None,
) -> None:
    """Call a function with each row's image that was not visited before.

    The parameters are those of `describe_images`. What is odd about the images is sent
    as one `Notice`.
    """
    marks = open_rows(folder, "marks", (len(images),), np.dtype(np.uint32))
    blank = make_blank(size, color=color)

    def visit_row(row: int) -> None:
        path = images.paths[row]
        image, oddity = read_image(path, size=size, color=color, crop=images.crop)
        if images.on_error == "fail":
            check_readable(path, oddity)
        visit(row, blank if image is None else image)
        marks[row] = _DONE | np.uint32(int(oddity))

    with _quiet(), _one_thread_each():
        _run(visit_row, np.flatnonzero(marks == 0).tolist(), n_jobs)
    counts = count_oddities((marks & ~_DONE).tolist())
    if counts:
        said = ", ".join(f"{n} {name}" for name, n in counts.items())
        warnings.warn(f"images: {said}".replace("_", " "), Notice, stacklevel=3)


def make_blank(size: int, *, color: bool) -> Pixels:
    """Return what stands for an image that can't be read: white, like most grounds."""
    return np.full((size, size, 3) if color else (size, size), 255, dtype=np.uint8)


def open_rows(
    folder: Path | None, name: str, shape: tuple[int, ...], dtype: DTypeLike
) -> NDArray[Any]:
    """Open the rows that were written before, or make room for them, all zero.

    The file is sparse: what is never written takes no room on the disk.
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


def _open_temporary(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Map a file without a name: the system removes it with the last view of it."""
    if 0 in shape:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.dtype(dtype), "w+", shape=shape)


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop Pillow's remarks on odd metadata; what counts is told by `Oddity`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep OpenCV from splitting one image over threads: images are split already."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _run(visit_row: Callable[[int], None], rows: Sequence[int], n_jobs: int) -> None:
    """Visit rows from several threads that take small chunks from one pile."""
    chunks = [rows[at : at + _CHUNK] for at in range(0, len(rows), _CHUNK)]
    pile, stop = iter(chunks), threading.Event()
    progress = _Progress(len(rows))

    def work() -> None:
        for chunk in pile:  # taking from a list iterator is atomic
            for row in chunk:
                if stop.is_set():
                    return
                visit_row(row)
            progress.add(len(chunk))

    n_threads = max(1, min(n_jobs, len(chunks)))
    if n_threads == 1:
        return work()
    with ThreadPoolExecutor(n_threads) as pool:
        futures = [pool.submit(work) for _ in range(n_threads)]
        try:
            for future in wait(futures, return_when="FIRST_EXCEPTION").done:
                future.result()
        finally:
            stop.set()
    return None


@dataclass
class _Progress:
    """A line in the log every few seconds: how many, how fast, how long still."""

    total: int
    done: int = 0
    start: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, count: int) -> None:
        with self.lock:
            self.done += count
            now = time.monotonic()
            if now - self.said < _SECONDS_BETWEEN_LINES:
                return
            self.said = now
        speed = self.done / (now - self.start)
        left = (self.total - self.done) / speed
        line = "%d of %d images, %.0f per second, %.0f s left"
        _log.info(line, self.done, self.total, speed, left)
