"""Every image once, in parallel, its numbers straight to disk; a killed run goes on.

Memory stays the same whatever the number of images: each thread holds one image, and
results go to memory-mapped files. A row's mark is written after its values, so that a
later run starts with the first row that has none.
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
#: After so many rows their pages are given back.
RELEASE_EVERY = 256
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
    """Return one row of numbers for each image, found for several at a time.

    Parameters
    ----------
    describe : callable
        Takes a uint8 array of shape (n, size, size, 3) and returns one of n rows. It
        runs in several threads at once. A batch is always of the same rows, so that a
        run that goes on where another stopped gives the same numbers.
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
        found = [_read_row(images, row, size, blank) for row in rows]
        squares = np.stack([make_square(image, size) for image, _ in found])
        values[start : start + len(found)] = describe(squares)
        marks[start : start + len(found)] = [mark for _, mark in found]

    undone = np.unique(np.flatnonzero(marks == 0) // batch_size) * batch_size
    with _quiet(), _one_thread_each():
        _run(visit_batch, undone.tolist(), n_jobs, batch_size)
    _tell(marks)
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
        image, mark = _read_row(images, row, size, blank)
        visit(row, image)
        marks[row] = mark

    with _quiet(), _one_thread_each():
        _run(visit_row, np.flatnonzero(marks == 0).tolist(), n_jobs)
    _tell(marks)


def _read_row(
    images: Images, row: int, size: int, blank: Pixels
) -> tuple[Pixels, np.uint32]:
    """Return a row's image, or the blank one, and the mark that it was seen."""
    path, color = images.paths[row], blank.ndim == 3
    image, oddity = read_image(path, size=size, color=color, crop=images.crop)
    if images.on_error == "fail":
        check_readable(path, oddity)
    return blank if image is None else image, _DONE | np.uint32(int(oddity))


def _tell(marks: NDArray[np.uint32]) -> None:
    """Send what is odd about the images as one notice."""
    counts = count_oddities((marks & ~_DONE).tolist())
    if counts:
        said = ", ".join(f"{n} {name}" for name, n in counts.items())
        warnings.warn(f"images: {said}".replace("_", " "), Notice, stacklevel=4)


def make_blank(size: int, *, color: bool) -> Pixels:
    """Return what stands for an image that can't be read: white, like most grounds."""
    return np.full((size, size, 3) if color else (size, size), 255, dtype=np.uint8)


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


def _run(
    visit: Callable[[int], None], rows: Sequence[int], n_jobs: int, weight: int = 1
) -> None:
    """Visit rows from several threads that take small chunks from one pile.

    `weight` is how many images a visit looks at.
    """
    length = max(1, _CHUNK // weight)
    chunks = [rows[at : at + length] for at in range(0, len(rows), length)]
    pile, stop = iter(chunks), threading.Event()
    progress = _Progress(len(rows) * weight)

    def work() -> None:
        for chunk in pile:  # taking from a list iterator is atomic
            for row in chunk:
                if stop.is_set():
                    return
                visit(row)
            progress.add(len(chunk) * weight)

    # also one thread is not the main one: glibc gives the large buffers of the main
    # thread back to the system image by image, a third of the time of SIFT
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
