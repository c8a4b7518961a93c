from __future__ import annotations

from pathlib import Path
from typing import Literal

from rakuten_bench.registry import MODEL, Effort
from rakuten_bench.types import Classifier


@MODEL.option(
    "cnn",
    digit="n",
    needs="torch",
    extra="cnn",
    modalities=("text",),
    reads=("corpus",),
    effort=Effort(700.0, instead="a GPU, or linear_svc"),
)
def cnn_text(
    unit: Literal["word", "char"] = "word",
    length: int = 128,
    n_units: int = 30_000,
    n_dims: int = 128,
    widths: tuple[int, ...] = (3, 4, 5),
    n_filters: int = 100,
    dropout: float = 0.5,
    epochs: int = 20,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    weight_decay: float = 1e-4,
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
    """Convolutional network on words or characters (Kim 2014); uses no vectorizer."""
    from rakuten_bench.neural.text import TextNetwork
    from rakuten_bench.neural.training import Recipe

    return TextNetwork(
        unit,
        length,
        n_units,
        n_dims,
        widths,
        n_filters,
        dropout,
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
