from __future__ import annotations

from pathlib import Path
from typing import Literal

from rakuten_bench.registry import MODEL, Effort, Rules
from rakuten_bench.types import Classifier


@MODEL.option(
    "cnn",
    digit="n",
    needs="torch",
    extra="cnn",
    modalities=("image",),
    rules=Rules(wants=("pixels",)),
    effort=Effort(750.0, instead="a GPU, or linear_svc after hog"),
)
def cnn_image(
    architecture: Literal["average", "dropout", "residual"] = "average",
    augmentation: Literal["off", "affine", "trivial"] = "off",
    epochs: int = 30,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    weight_decay: float = 1e-4,
    validation: float = 0.1,
    patience: int = 6,
    balanced: bool = False,
    threads: int = 1,
    weights: str = "",
    *,
    device: str = "auto",
    random_state: int,
    folder: Path | None = None,
) -> Classifier:
    """Convolutional network on pixels: that of study E, of study D, or a small ResNet."""
    from rakuten_bench.neural.image import ImageNetwork
    from rakuten_bench.neural.training import Recipe

    return ImageNetwork(
        architecture,
        augmentation,
        recipe=Recipe(
            epochs,
            batch_size,
            learning_rate,
            weight_decay,
            validation,
            patience,
            balanced,
            threads,
        ),
        device=device,
        random_state=random_state,
        folder=folder,
        weights=weights,
    )
