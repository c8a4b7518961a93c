from __future__ import annotations

from functools import partial
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
    """Cut off a share of the width and of the height, half of it on each side."""
    return Images(paths, partial(cut_margin, share=share), on_error)


def cut_margin(image: Pixels, share: float) -> Pixels:
    """Cut a share of each dimension off; at least one pixel stays.

    >>> import numpy as np
    >>> cut_margin(np.zeros((10, 20, 3), np.uint8), 0.2).shape
    (8, 16, 3)
    """
    height, width = image.shape[:2]
    top, left = (int(side * min(max(share, 0.0), 0.98) / 2) for side in (height, width))
    return image[top : height - top, left : width - left]
