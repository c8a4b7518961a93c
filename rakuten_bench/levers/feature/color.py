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


@FEATURE.option(
    "color",
    digit="5",
    needs=("opencv-python-headless", "Pillow"),
    rules=Rules(tags_by=tag_kernel),
)
def color(
    images: Images,
    grid: int = 4,
    bins: tuple[int, int, int] = (8, 3, 3),
    size: int = 64,
    kernel: Kernel = "linear",
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """HSV color histograms in the cells of a grid, each normalized to sum 1."""
    import cv2

    hue, saturation, value = bins
    levels = np.arange(256)
    steps = (
        np.minimum(levels * hue // 180, hue - 1) * saturation * value,
        levels * saturation // 256 * value,
        levels * value // 256,
    )
    tables = [step.astype(np.int32) for step in steps]
    cells = cell_numbers(size, grid)

    def describe(image: Pixels) -> NDArray[np.generic]:
        small = make_square(image, size)
        hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
        codes = sum(table[hsv[..., at]] for at, table in enumerate(tables))
        return map_kernel(
            count_in_cells(codes, cells, hue * saturation * value), kernel
        )

    return describe_images(images, describe, size=size, n_jobs=n_jobs, folder=folder)
