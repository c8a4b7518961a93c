"""Local descriptors of many images, memory-mapped, with a fixed maximum per image."""

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

_BATCH = 2048  # descriptors sampled before their pages are released

#: Takes an image, returns descriptors uint8 (k, n_dims) and places uint8 (k, 2): x and
#: y from 0 (left, top) to 255 (right, bottom).
Describe = Callable[[Pixels], tuple[NDArray[np.uint8], NDArray[np.uint8]]]


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The local descriptors of each row's image.

    `take` copies row numbers only, never the values.

    Attributes
    ----------
    values : uint8 array of shape (n_images, n_most, n_dims)
        Memory-mapped; image i has its descriptors in ``values[i, :counts[i]]``.
    places : uint8 array of shape (n_images, n_most, 2)
        Positions in the image, x and y, scaled to 0-255.
    counts : int32 array of shape (n_images,)
    rows : int64 array of shape (n_rows,)
        Image number of each row.
    """

    values: NDArray[np.uint8]
    places: NDArray[np.uint8]
    counts: NDArray[np.int32]
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_dims(self) -> int:
        """Length of a descriptor."""
        return int(self.values.shape[2])

    def take(self, rows: Rows) -> Self:
        """Return a selection of rows."""
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
        """Sample descriptors uniformly without replacement, in the order of the rows.

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
        for start in range(0, len(chosen), _BATCH):
            part = slice(start, start + _BATCH)
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
    """Compute the local descriptors of every image, in grey.

    Parameters
    ----------
    describe : callable
        Only the first ``shape[0]`` descriptors that it returns are kept.
    shape : tuple of int
        Maximum number of descriptors per image, and their length.
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
        image_values, image_places = describe(image)
        count = min(len(image_values), shape[0])
        values[row, :count] = image_values[:count]
        places[row, :count] = image_places[:count]
        counts[row] = count
        if row % RELEASE_EVERY == 0:
            release(values)

    visit_images(images, visit, size=size, color=False, n_jobs=n_jobs, folder=folder)
    return Descriptors(values, places, counts, np.arange(n_images))
