"""Compute features of images in parallel, into memory-mapped files; resumable.

Memory use does not grow with the number of images: each thread holds one image, and
results go to memory-mapped files. A row is marked as done after its values are written,
so that a later run continues with the rows that have no mark.
"""

from __future__ import annotations

import logging
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
from numpy.typing import NDArray

from rakuten_bench.errors import Notice
from rakuten_bench.image.header import count_oddities
from rakuten_bench.image.read import (
    Pixels,
    check_readable,
    make_square,
    read_image,
)
from rakuten_bench.scratch import open_rows, release
from rakuten_bench.types import Images

_log = logging.getLogger(__name__)
_DONE = np.uint32(1 << 16)
_CHUNK = 16
#: Number of rows after which memory-mapped pages are released.
RELEASE_EVERY = 256
_LOG_INTERVAL = 10.0  # seconds

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
    """Return one row of values for each image.

    Parameters
    ----------
    images : Images
    describe : callable
        Takes a uint8 array of shape (height, width, 3) or (height, width) and returns
        an array whose shape and dtype are the same for every image. Called from
        several threads. Rows without a readable image get the values of a white image.
    size : int
        Minimum pixels of the shorter side after decoding at reduced size.
    color : bool
        RGB if true, else grey.
    n_jobs : int
        Number of threads.
    folder : Path, optional
        Where unfinished results are kept; rows that are complete there are not
        computed again. By default a temporary file.

    Returns
    -------
    array of shape (n_rows, *shape)
        Memory-mapped.

    Raises
    ------
    UserError
        For an image that can't be read, if `images.on_error` is "fail".
    """
    blank = make_blank(size, color=color)
    example = np.asarray(describe(blank))
    shape = (len(images), *example.shape)
    values = open_rows(folder, "values", shape, example.dtype)

    def visit(row: int, image: Pixels) -> None:
        values[row] = describe(image)
        if row % RELEASE_EVERY == 0:
            release(values)

    visit_images(images, visit, size=size, color=color, n_jobs=n_jobs, folder=folder)
    return values


def describe_batches(
    images: Images,
    describe: Callable[[Pixels], NDArray[Any]],
    *,
    size: int,
    batch_size: int = 8,
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[Any]:
    """Return one row of values for each image, computed in batches.

    Parameters
    ----------
    describe : callable
        Takes a uint8 array of shape (n, size, size, 3) and returns an array of n rows.
        Called from several threads. Batches always contain the same rows, so that a
        resumed run gives the same values.
    images, size, n_jobs, folder :
        As in `describe_images`.

    Returns
    -------
    array of shape (n_rows, n_features)
        Memory-mapped.
    """
    blank = make_blank(size, color=True)
    example = np.asarray(describe(blank[None]))
    shape = (len(images), *example.shape[1:])
    values = open_rows(folder, "values", shape, example.dtype)
    marks = open_rows(folder, "marks", (len(images),), np.dtype(np.uint32))

    def visit_batch(start: int) -> None:
        rows = range(start, min(start + batch_size, len(images)))
        batch = [_read_row(images, row, size, blank) for row in rows]
        squares = np.stack([make_square(image, size) for image, _ in batch])
        values[start : start + len(batch)] = describe(squares)
        marks[start : start + len(batch)] = [mark for _, mark in batch]

    pending = np.unique(np.flatnonzero(marks == 0) // batch_size) * batch_size
    with _ignore_warnings(), _single_threaded_opencv():
        _run(visit_batch, pending.tolist(), n_jobs, batch_size)
    _warn(marks)
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
    """Call a function with the image of each row that is not marked as done.

    Parameters as in `describe_images`. Counts of unusual images are sent as one
    `Notice`.
    """
    marks = open_rows(folder, "marks", (len(images),), np.dtype(np.uint32))
    blank = make_blank(size, color=color)

    def visit_row(row: int) -> None:
        image, mark = _read_row(images, row, size, blank)
        visit(row, image)
        marks[row] = mark

    with _ignore_warnings(), _single_threaded_opencv():
        _run(visit_row, np.flatnonzero(marks == 0).tolist(), n_jobs)
    _warn(marks)


def _read_row(
    images: Images, row: int, size: int, blank: Pixels
) -> tuple[Pixels, np.uint32]:
    """Return a row's image, or the blank one, and its mark: done, with its oddities."""
    path, color = images.paths[row], blank.ndim == 3
    image, oddity = read_image(path, size=size, color=color, crop=images.crop)
    if images.on_error == "fail":
        check_readable(path, oddity)
    return blank if image is None else image, _DONE | np.uint32(int(oddity))


def _warn(marks: NDArray[np.uint32]) -> None:
    """Send the counts of unusual images as one notice."""
    counts = count_oddities((marks & ~_DONE).tolist())
    if counts:
        listed = ", ".join(f"{n} {name}" for name, n in counts.items())
        warnings.warn(f"images: {listed}".replace("_", " "), Notice, stacklevel=4)


def make_blank(size: int, *, color: bool) -> Pixels:
    """Return the placeholder of an unreadable image: white, like most backgrounds."""
    return np.full((size, size, 3) if color else (size, size), 255, dtype=np.uint8)


@contextmanager
def _ignore_warnings() -> Iterator[None]:
    """Ignore Pillow's warnings of unusual metadata; `Oddity` covers what matters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _single_threaded_opencv() -> Iterator[None]:
    """Disable OpenCV's own threads: images are processed in parallel already."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _run(
    visit: Callable[[int], None], rows: Sequence[int], n_jobs: int, weight: int = 1
) -> None:
    """Visit rows from several threads, which take small chunks from a shared queue.

    `weight` is the number of images per visit.
    """
    length = max(1, _CHUNK // weight)
    chunks = [rows[at : at + length] for at in range(0, len(rows), length)]
    queue, stop = iter(chunks), threading.Event()
    progress = _Progress(len(rows) * weight)

    def work() -> None:
        for chunk in queue:  # next() of a list iterator is atomic
            for row in chunk:
                if stop.is_set():
                    return
                visit(row)
            progress.add(len(chunk) * weight)

    # never the main thread, not even for one job: glibc returns the main thread's
    # large buffers to the system after every image, a third of SIFT's run time
    n_threads = max(1, min(n_jobs, len(chunks)))
    with ThreadPoolExecutor(n_threads) as pool:
        futures = [pool.submit(work) for _ in range(n_threads)]
        try:
            for future in wait(futures, return_when="FIRST_EXCEPTION").done:
                future.result()
        finally:
            stop.set()


@dataclass
class _Progress:
    """Log the progress, speed and remaining time every few seconds."""

    total: int
    done: int = 0
    start: float = field(default_factory=time.monotonic)
    last_logged: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, count: int) -> None:
        with self.lock:
            self.done += count
            now = time.monotonic()
            if now - self.last_logged < _LOG_INTERVAL:
                return
            self.last_logged = now
        speed = self.done / (now - self.start)
        left = (self.total - self.done) / speed
        line = "%d of %d images, %.0f per second, %.0f s left"
        _log.info(line, self.done, self.total, speed, left)
