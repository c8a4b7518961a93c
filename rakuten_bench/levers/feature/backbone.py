from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.registry import FEATURE, Effort, Files, Rules
from rakuten_bench.types import Images, Params


def _lacks(params: Params) -> str:
    from rakuten_bench.neural.local import find_missing_backbone

    return find_missing_backbone(params["model"], params["weights"])


@FEATURE.option(
    "backbone",
    digit="b",
    needs=("torch", "opencv-python-headless", "Pillow"),
    extra="cnn",
    rules=Rules(tags=("signed",)),
    files=Files("weights"),
    lacks=_lacks,
    # not measured but estimated from the multiplications of the default model
    effort=Effort(1500.0, instead="a GPU, or efficientnet_lite0"),
)
def backbone(
    images: Images,
    model: str = "torchvision/resnet50",
    weights: str = "",
    size: int = 224,
    device: str = "auto",
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """Frozen network of torchvision or timm whose weights are on this machine."""
    from rakuten_bench.neural.feature import embed_images

    return embed_images(
        images,
        model,
        weights,
        size=size,
        device=device,
        n_jobs=n_jobs,
        folder=folder,
    )
