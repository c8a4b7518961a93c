"""Local descriptors of many images: a fixed number of places each, mostly on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.describe import RELEASE_EVERY, visit_images
from rakuten_bench.image.read import Pixels
from rakuten_bench.scratch import open_rows, release
from rakuten_bench.types import Images, Rows

_AT_A_TIME = 2048  # descriptors drawn before their pages are let go

#: Takes an image, returns descriptors uint8 (k, n_dims) and places uint8 (k, 2): x and
#: y from 0 (left, top) to 255 (right, bottom).
Describe = Callable[[Pixels], tuple[NDArray[np.uint8], NDArray[np.uint8]]]


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The local descriptors of each row's image.

    Taking rows copies nothing but row numbers: the values stay where they are.

    Attributes
    ----------
    values : uint8 array of shape (n_images, n_most, n_dims)
        Memory-mapped; image i has its descriptors in ``values[i, :counts[i]]``.
    places : uint8 array of shape (n_images, n_most, 2)
        Where in the image, x and y, from 0 to 255.
    counts : int32 array of shape (n_images,)
    rows : int64 array of shape (n_rows,)
        Which image each row has.
    """

    values: NDArray[np.uint8]
    places: NDArray[np.uint8]
    counts: NDArray[np.int32]
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_dims(self) -> int:
        """Numbers in one descriptor."""
        return int(self.values.shape[2])

    def take(self, rows: Rows) -> Self:
        """Return the same of some rows only."""
        return replace(self, rows=self.rows[rows])

    def iter_images(
        self,
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        """Yield the descriptors and places of each row in turn."""
        for row in self.rows:
            count = self.counts[row]
            yield self.values[row, :count], self.places[row, :count]

    def sample(
        self, n_samples: int, random_state: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Draw descriptors, each as likely as any other, in the order of the rows.

        Returns
        -------
        values : float32 array of shape (min(n_samples, n_descriptors), n_dims)
        places : uint8 array of shape (min(n_samples, n_descriptors), 2)
        """
        counts = self.counts[self.rows].astype(np.int64)
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        rng = np.random.default_rng(random_state)
        chosen = rng.choice(total, min(n_samples, total), replace=False)
        chosen.sort()
        at = np.searchsorted(ends, chosen, side="right")
        within = chosen - (ends[at] - counts[at])
        images = self.rows[at]
        values = np.empty((len(chosen), self.n_dims), dtype=np.float32)
        for start in range(0, len(chosen), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            values[part] = self.values[images[part], within[part]]
            release(self.values)
        return values, self.places[images, within]


def describe_locally(
    images: Images,
    describe: Describe,
    *,
    shape: tuple[int, int],
    size: int,
    n_jobs: int = 1,
    folder: Path | None = None,
) -> Descriptors:
    """Find the local descriptors of every image, in grey.

    Parameters
    ----------
    describe : callable
        What it returns beyond the first ``shape[0]`` descriptors is left out.
    shape : tuple of int
        Room for so many descriptors of so many numbers for each image.
    images, size, n_jobs, folder :
        As in `describe_images`. A row without a readable image has no descriptors.
    """
    n_images = len(images)

    def open_part(name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        return open_rows(folder, name, (n_images, *shape), np.dtype(dtype))

    values = open_part("values", shape, np.uint8)
    places = open_part("places", (shape[0], 2), np.uint8)
    counts = open_part("counts", (), np.int32)

    def visit(row: int, image: Pixels) -> None:
        found, where = describe(image)
        count = min(len(found), shape[0])
        values[row, :count] = found[:count]
        places[row, :count] = where[:count]
        counts[row] = count
        if row % RELEASE_EVERY == 0:
            release(values)

    visit_images(images, visit, size=size, color=False, n_jobs=n_jobs, folder=folder)
    return Descriptors(values, places, counts, np.arange(n_images))
