from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.describe import describe_images
from rakuten_bench.image.read import Pixels, make_square
from rakuten_bench.registry import FEATURE
from rakuten_bench.types import Images

_SIDE = 128


@FEATURE.option("layout", digit="7", needs=("opencv-python-headless", "Pillow"))
def layout(
    images: Images,
    white: int = 245,
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """White share, bounding box, edges, colors, aspect ratio and file size.

    Returns
    -------
    float32 array of shape (n_rows, 36)
        All numbers within about [0, 1]; the last two are the logarithm of the file's
        size and whether the file exists.
    """

    def describe(image: Pixels) -> NDArray[np.generic]:
        small = make_square(image, _SIDE)
        return np.concatenate(
            [
                _measure_shape(image),
                _measure_ground(small, white),
                _measure_edges(small),
            ]
        ).astype(np.float32)

    measured = describe_images(
        images, describe, size=_SIDE, n_jobs=n_jobs, folder=folder
    )
    sizes = np.array([_file_size(path) for path in images.paths], dtype=np.float32)
    file = np.column_stack([np.log1p(sizes) / 16, sizes > 0]).astype(np.float32)
    return np.hstack([measured, file])


def _measure_shape(image: Pixels) -> NDArray[np.generic]:
    """Aspect ratio, and the share cropped on either side to make it a square."""
    height, width = image.shape[:2]
    return np.array([width / (width + height), min(width, height) / max(width, height)])


def _measure_ground(image: Pixels, white: int) -> NDArray[np.generic]:
    """White share, bounding box of the rest, its fill and parts, colors inside it."""
    import cv2

    seen = image.min(axis=2) < white
    if not seen.any():
        return np.concatenate([[1.0], np.zeros(15)])
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / _SIDE
    area = (box[2] - box[0]) * (box[3] - box[1])
    n_parts = cv2.connectedComponents(seen.view(np.uint8))[0] - 1
    border = np.concatenate([seen[0], seen[-1], seen[:, 0], seen[:, -1]]).mean()
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[seen] / 255.0
    shape = [1 - seen.mean(), *box, area, seen.mean() / area, np.log1p(n_parts) / 8]
    spread = image[seen].std(axis=0) / 128
    return np.concatenate(
        [shape, [border], hsv.mean(axis=0), hsv.std(axis=0)[1:], spread[:2]]
    )


def _measure_edges(image: Pixels) -> NDArray[np.generic]:
    """Share of edge pixels in a 4 by 4 grid."""
    import cv2

    edges = cv2.Canny(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 80, 160) > 0
    quarter = _SIDE // 4
    return edges.reshape(4, quarter, 4, quarter).mean(axis=(1, 3)).ravel()


def _file_size(path: str) -> int:
    try:
        return Path(path).stat().st_size if path else 0
    except OSError:
        return 0
