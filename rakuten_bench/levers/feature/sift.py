"""SIFT descriptors (Lowe 2004): what the visual words and the Fisher vectors are of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.descriptor import Descriptors, describe_locally
from rakuten_bench.image.read import Pixels, fit_within
from rakuten_bench.registry import FEATURE
from rakuten_bench.types import Images

_N_DIMS = 128
_NEEDS = ("opencv-python-headless", "Pillow")


@FEATURE.preparation(needs=_NEEDS)
def sift(
    images: Images,
    n_keypoints: int = 500,
    size: int = 500,
    n_jobs: int = 1,
    folder: Path | None = None,
) -> Descriptors:
    """Describe the strongest keypoints of each image, its longer side at most `size`."""
    import cv2

    def describe(image: Pixels) -> tuple[NDArray[Any], NDArray[Any]]:
        small = fit_within(image, size)
        points, found = cv2.SIFT.create(n_keypoints).detectAndCompute(small, None)
        return _pack(found), _place(np.array([point.pt for point in points]), small)

    return describe_locally(
        images,
        describe,
        shape=(n_keypoints, _N_DIMS),
        size=size,
        n_jobs=n_jobs,
        folder=folder,
    )


@FEATURE.preparation(needs=_NEEDS)
def dense_sift(
    images: Images,
    size: int = 240,
    step: int = 12,
    widths: tuple[int, ...] = (16, 24, 32, 48),
    n_jobs: int = 1,
    folder: Path | None = None,
) -> Descriptors:
    """Describe upright patches of several widths on a regular grid.

    A patch of one color has no descriptor: white grounds are left out.
    """
    import cv2

    most = len(widths) * (size // step) ** 2

    def describe(image: Pixels) -> tuple[NDArray[Any], NDArray[Any]]:
        small = fit_within(image, size)
        grid = _lay_grid(small, step, widths)
        wanted = [cv2.KeyPoint(x, y, width / 6, 0) for x, y, width in grid]
        points, found = cv2.SIFT.create().compute(small, wanted)
        where = np.array([point.pt for point in points])
        packed = _pack(found)
        seen = packed.any(axis=1)
        return packed[seen], _place(where, small)[seen]

    return describe_locally(
        images, describe, shape=(most, _N_DIMS), size=size, n_jobs=n_jobs, folder=folder
    )


def _lay_grid(
    image: Pixels, step: int, widths: tuple[int, ...]
) -> list[tuple[float, float, int]]:
    """Return x, y and width of each patch whose center lies half a step inside."""
    height, width = image.shape
    xs, ys = (np.arange(step / 2, side, step).tolist() for side in (width, height))
    return [(x, y, patch) for patch in widths for y in ys for x in xs]


def _pack(found: Any) -> NDArray[np.uint8]:
    """Return descriptors as OpenCV's whole numbers from 0 to 255, exactly."""
    if found is None:
        return np.zeros((0, _N_DIMS), dtype=np.uint8)
    return np.asarray(found).astype(np.uint8)


def _place(points: NDArray[Any], image: Pixels) -> NDArray[np.uint8]:
    height, width = image.shape
    shares = points.reshape(-1, 2) / (width, height)
    return np.clip(shares * 256, 0, 255).astype(np.uint8)
