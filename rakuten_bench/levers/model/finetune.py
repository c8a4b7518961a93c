from __future__ import annotations

from pathlib import Path
from typing import Literal

from rakuten_bench.registry import MODEL, Effort, Files, Rules
from rakuten_bench.types import Classifier, Params


def _lacks(params: Params) -> str:
    from rakuten_bench.neural.local import find_missing_backbone

    return find_missing_backbone(params["model"], params["weights_from"])


@MODEL.option(
    "finetune",
    digit="u",
    needs="torch",
    extra="cnn",
    modalities=("image",),
    rules=Rules(wants=("pixels",)),
    files=Files("weights_from"),
    lacks=_lacks,
    effort=Effort(600.0, instead="a GPU, or linear_svc after efficientnet_lite0"),
)
def finetune(
    model: str = "efficientnet_lite0",
    weights_from: str = "",
    hidden: int = 512,
    dropout: float = 0.3,
    unfrozen: int = 3,
    augmentation: Literal["off", "affine", "trivial"] = "affine",
    epochs: int = 5,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    validation: float = 0.1,
    patience: int = 3,
    balanced: bool = False,
    threads: int = 1,
    weights: str = "",
    *,
    device: str = "auto",
    random_state: int,
    folder: Path | None = None,
) -> Classifier:
    """Fine-tune a pretrained image network: the new head first, then all layers."""
    from rakuten_bench.neural.finetune import FineTuned
    from rakuten_bench.neural.training import Recipe

    return FineTuned(
        model,
        weights_from,
        hidden,
        dropout,
        unfrozen,
        augmentation,
        recipe=Recipe(
            epochs,
            batch_size,
            learning_rate,
            validation=validation,
            patience=patience,
            balanced=balanced,
            threads=threads,
        ),
        device=device,
        random_state=random_state,
        folder=folder,
        weights=weights,
    )
