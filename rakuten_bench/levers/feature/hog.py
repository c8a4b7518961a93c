from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.describe import describe_images
from rakuten_bench.image.kernel import Kernel, map_kernel, tag_kernel
from rakuten_bench.image.read import Pixels, make_square
from rakuten_bench.registry import FEATURE, Rules
from rakuten_bench.types import Images


@FEATURE.option(
    "hog",
    digit="4",
    needs=("opencv-python-headless", "Pillow"),
    rules=Rules(tags_by=tag_kernel),
)
def hog(
    images: Images,
    size: int = 128,
    cell: int = 16,
    bins: int = 9,
    kernel: Kernel = "linear",
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """Histograms of oriented gradients (Dalal & Triggs 2005), on grayscale."""
    import cv2

    side, block = (size, size), (2 * cell, 2 * cell)
    counter = cv2.HOGDescriptor(side, block, (cell, cell), (cell, cell), bins)

    def describe(image: Pixels) -> NDArray[np.generic]:
        small = make_square(image, size)
        return map_kernel(np.asarray(counter.compute(small)), kernel)

    return describe_images(
        images, describe, size=size, color=False, n_jobs=n_jobs, folder=folder
    )
