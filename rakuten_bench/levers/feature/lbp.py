from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.describe import describe_images
from rakuten_bench.image.grid import cell_numbers, count_in_cells
from rakuten_bench.image.kernel import Kernel, map_kernel, tag_kernel
from rakuten_bench.image.read import Pixels, make_square
from rakuten_bench.registry import FEATURE, Rules
from rakuten_bench.types import Images

#: The eight neighbours in the order of the circle: down, right.
_AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))


@FEATURE.option(
    "lbp",
    digit="6",
    needs=("opencv-python-headless", "Pillow"),
    rules=Rules(tags_by=tag_kernel),
)
def lbp(
    images: Images,
    size: int = 128,
    grid: int = 3,
    radii: tuple[int, ...] = (1, 2),
    kernel: Kernel = "linear",
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """Histograms of uniform local binary patterns (Ojala et al. 2002), in a grid.

    The neighbours are the eight of a square of each radius, without interpolation.
    """
    table, n_patterns = number_patterns()
    cells = {radius: cell_numbers(size - 2 * radius, grid) for radius in radii}

    def describe(image: Pixels) -> NDArray[np.generic]:
        small = make_square(image, size)
        counts = [
            count_in_cells(
                table[find_patterns(small, radius)], cells[radius], n_patterns
            )
            for radius in radii
        ]
        return map_kernel(np.concatenate(counts), kernel)

    return describe_images(
        images, describe, size=size, color=False, n_jobs=n_jobs, folder=folder
    )


def find_patterns(image: Pixels, radius: int) -> Pixels:
    """Return for each inner pixel which of its neighbours are at least as bright.

    >>> image = np.array([[9, 1, 1], [1, 5, 1], [1, 1, 9]], dtype=np.uint8)
    >>> find_patterns(image, 1)
    array([[17]], dtype=uint8)
    """
    height, width = image.shape
    center = image[radius : height - radius, radius : width - radius]
    codes = np.zeros(center.shape, dtype=np.uint8)
    for bit, (down, right) in enumerate(_AROUND):
        top, left = radius * (1 + down), radius * (1 + right)
        neighbour = image[top : top + center.shape[0], left : left + center.shape[1]]
        codes |= (neighbour >= center).view(np.uint8) << np.uint8(bit)
    return codes


def number_patterns() -> tuple[NDArray[np.int32], int]:
    """Assign numbers to the 58 patterns of at most two transitions, one to all others.

    Returns
    -------
    table : int32 array of shape (256,)
    n_patterns : int
    """
    table = np.empty(256, dtype=np.int32)
    uniform = [code for code in range(256) if _count_changes(code) <= 2]
    table[:] = len(uniform)
    table[uniform] = np.arange(len(uniform))
    return table, len(uniform) + 1


def _count_changes(code: int) -> int:
    turned = (code >> 1) | ((code & 1) << 7)
    return (code ^ turned).bit_count()
