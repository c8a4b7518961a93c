"""SIFT descriptors (Lowe 2004), for visual words and Fisher vectors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.dense import N_DIMS, describe_densely
from rakuten_bench.image.descriptor import Descriptors, describe_locally
from rakuten_bench.image.read import Pixels, fit_within
from rakuten_bench.registry import FEATURE, Effort
from rakuten_bench.types import Images

_NEEDS = ("opencv-python-headless", "Pillow")


@FEATURE.preparation(
    needs=_NEEDS, effort=Effort(400.0, instead="dense_sift_bovw, or hog")
)
def sift(
    images: Images,
    n_keypoints: int = 500,
    size: int = 500,
    n_jobs: int = 1,
    folder: Path | None = None,
) -> Descriptors:
    """Describe the strongest keypoints of each image, its longer side at most `size`."""
    import cv2

    def describe(image: Pixels) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        small = fit_within(image, size)
        points, found = cv2.SIFT.create(n_keypoints).detectAndCompute(small, None)
        return _pack(found), _place(np.array([point.pt for point in points]), small)

    return describe_locally(
        images,
        describe,
        shape=(n_keypoints, N_DIMS),
        size=size,
        n_jobs=n_jobs,
        folder=folder,
    )


@FEATURE.preparation(needs=_NEEDS, effort=Effort(100.0, instead="hog"))
def dense_sift(
    images: Images,
    size: int = 240,
    step: int = 12,
    widths: tuple[int, ...] = (16, 24, 32, 48),
    n_jobs: int = 1,
    folder: Path | None = None,
) -> Descriptors:
    """Describe upright patches of several widths on a regular grid.

    A patch of one color has no descriptor: white backgrounds are skipped.
    """
    most = len(widths) * math.ceil(size / step) ** 2

    def describe(image: Pixels) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        return describe_densely(fit_within(image, size), step, widths)

    return describe_locally(
        images, describe, shape=(most, N_DIMS), size=size, n_jobs=n_jobs, folder=folder
    )


def _pack(found: Any) -> NDArray[np.uint8]:
    """Return descriptors as the integers from 0 to 255 that OpenCV computes, exactly."""
    if found is None:
        return np.zeros((0, N_DIMS), dtype=np.uint8)
    return np.asarray(found).astype(np.uint8)


def _place(points: NDArray[np.generic], image: Pixels) -> NDArray[np.uint8]:
    height, width = image.shape
    shares = points.reshape(-1, 2) / (width, height)
    return np.clip(shares * 256, 0, 255).astype(np.uint8)
