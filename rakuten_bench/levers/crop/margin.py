from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rakuten_bench.image.read import Pixels
from rakuten_bench.registry import CROP
from rakuten_bench.types import Images


@CROP.option("margin", digit="1")
def margin(
    paths: tuple[str, ...],
    share: float = 0.2,
    on_error: Literal["blank", "fail"] = "blank",
) -> Images:
    """Crop a share of the width and of the height, half of it on each side."""
    return Images(paths, CutMargin(share), on_error)


@dataclass(frozen=True, slots=True)
class CutMargin:
    """Crops a share of each dimension; at least one pixel remains.

    >>> import numpy as np
    >>> CutMargin(0.2)(np.zeros((10, 20, 3), np.uint8)).shape
    (8, 16, 3)
    """

    share: float

    def __call__(self, image: Pixels) -> Pixels:
        """Return the inner part of an image."""
        height, width = image.shape[:2]
        share = min(max(self.share, 0.0), 0.98)
        top, left = (int(side * share / 2) for side in (height, width))
        return image[top : height - top, left : width - left]
