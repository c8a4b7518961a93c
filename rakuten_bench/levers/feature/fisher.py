from __future__ import annotations

from rakuten_bench.levers.feature.sift import dense_sift
from rakuten_bench.registry import FEATURE, Effort, Rules
from rakuten_bench.types import Transformer


@FEATURE.option(
    "fisher",
    digit="3",
    needs="scikit-learn",
    kind="transform",
    prepare=dense_sift,
    rules=Rules(tags=("signed",)),
    effort=Effort(150.0, instead="dense_sift_bovw"),
)
def fisher(
    n_components: int = 64,
    n_dims: int = 64,
    root: bool = True,
    place: bool = True,
    random_state: int | None = None,
) -> Transformer:
    """Fisher vectors: patches against a Gaussian mixture (Perronnin et al. 2010)."""
    from rakuten_bench.image.fisher import FisherVector

    return FisherVector(n_components, n_dims, root, place, random_state)
