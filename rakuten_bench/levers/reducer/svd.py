from __future__ import annotations

from rakuten_bench.registry import REDUCER, Rules
from rakuten_bench.types import Transformer


@REDUCER.option(
    "svd",
    digit="1",
    needs="scikit-learn",
    modalities=("text",),
    rules=Rules(tags=("signed",)),
)
def svd(n_components: int = 300, n_iter: int = 5, *, random_state: int) -> Transformer:
    """Latent semantic analysis (truncated singular value decomposition)."""
    from rakuten_bench.estimator.reduction import NarrowSVD

    return NarrowSVD(n_components, n_iter=n_iter, random_state=random_state)
