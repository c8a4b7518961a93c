from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.describe import describe_images
from rakuten_bench.image.read import Pixels, make_square
from rakuten_bench.registry import FEATURE, Effort
from rakuten_bench.types import Images, Transformer


@FEATURE.preparation(needs=("opencv-python-headless", "Pillow"))
def thumbnail(
    images: Images,
    size: int = 32,
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.uint8]:
    """Resize each image to a small color square, uint8 (n_rows, size, size, 3)."""

    def describe(image: Pixels) -> NDArray[np.generic]:
        return make_square(image, size)

    return describe_images(images, describe, size=size, n_jobs=n_jobs, folder=folder)


@FEATURE.option(
    "kmeans_patches",
    digit="8",
    needs="scikit-learn",
    kind="transform",
    prepare=thumbnail,
    effort=Effort(100.0, instead="hog"),
)
def kmeans_patches(
    n_words: int = 400,
    patch: int = 6,
    step: int = 1,
    pool: int = 2,
    n_samples: int = 100_000,
    random_state: int | None = None,
) -> Transformer:
    """K-means features of whitened patches (Coates, Lee & Ng 2011)."""
    from rakuten_bench.image.patch import PatchWords

    return PatchWords(n_words, patch, step, pool, n_samples, random_state)
