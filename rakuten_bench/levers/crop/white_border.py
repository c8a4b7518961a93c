from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rakuten_bench.image.read import Pixels
from rakuten_bench.registry import CROP
from rakuten_bench.types import Images


@CROP.option("white_border", digit="2")
def white_border(
    paths: tuple[str, ...],
    threshold: int = 245,
    on_error: Literal["blank", "fail"] = "blank",
) -> Images:
    """Crop border rows and columns that are white, or nearly white."""
    return Images(paths, CutWhite(threshold), on_error)


@dataclass(frozen=True, slots=True)
class CutWhite:
    """Crops to the bounding box of all pixels darker than a threshold in any channel.

    An image that is entirely white is not cropped.

    >>> image = np.full((9, 9), 255, np.uint8)
    >>> image[3:5, 4:8] = 0
    >>> CutWhite(245)(image).shape
    (2, 4)
    """

    threshold: int

    def __call__(self, image: Pixels) -> Pixels:
        """Return the image without its white border."""
        darkest = image if image.ndim == 2 else image.min(axis=2)
        seen = darkest < self.threshold
        rows = np.flatnonzero(seen.any(axis=1))
        columns = np.flatnonzero(seen.any(axis=0))
        if not len(rows):
            return image
        return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
