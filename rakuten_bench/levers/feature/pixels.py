from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.describe import describe_images
from rakuten_bench.image.read import Pixels, make_square
from rakuten_bench.registry import FEATURE, Rules
from rakuten_bench.types import Images


@FEATURE.option(
    "pixels",
    digit="0",
    needs=("opencv-python-headless", "Pillow"),
    rules=Rules(tags=("pixels",)),
)
def pixels(
    images: Images,
    size: int = 50,
    color: bool = False,
    dtype: Literal["float32", "uint8"] = "float32",
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.generic]:
    """Raw pixels of the image, resized to a square of `size` pixels a side.

    Returns
    -------
    array of shape (n_rows, size * size) or (n_rows, size * size * 3)
        Row by row, then red, green, blue; float32 in [0, 1], or uint8 in [0, 255],
        which is what a network wants: a quarter of the room.
    """

    def describe(image: Pixels) -> NDArray[np.generic]:
        small = make_square(image, size).ravel()
        return small if dtype == "uint8" else small.astype(np.float32) / 255

    return describe_images(
        images, describe, size=size, color=color, n_jobs=n_jobs, folder=folder
    )
