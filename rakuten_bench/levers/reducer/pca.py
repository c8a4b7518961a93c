from __future__ import annotations

from rakuten_bench.registry import REDUCER, Rules
from rakuten_bench.types import Transformer


@REDUCER.option(
    "pca",
    digit="1",
    needs="scikit-learn",
    modalities=("image",),
    rules=Rules(tags=("signed",)),
)
def pca(
    n_components: int | float = 100,
    whiten: bool = False,
    *,
    random_state: int,
) -> Transformer:
    """Principal component analysis, to a number of components or a share of variance."""
    from rakuten_bench.image.component import Components

    return Components(n_components, whiten, random_state)
