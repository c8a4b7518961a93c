from __future__ import annotations

from rakuten_bench.registry import MODEL, Rules
from rakuten_bench.types import Clusterer


@MODEL.option(
    "nmf",
    digit="m",
    kind="cluster",
    needs="scikit-learn",
    rules=Rules(refuses=("signed",)),
)
def nmf(
    n_clusters: int | None = None,
    max_iter: int = 400,
    tol: float = 1e-4,
    *,
    n_classes: int,
    random_state: int,
) -> Clusterer:
    """Non-negative matrix factorization as clustering: a row's strongest factor."""
    from sklearn.decomposition import NMF

    from rakuten_bench.estimator.cluster import Clusterer

    model = NMF(
        n_clusters or n_classes,
        init="nndsvd",
        max_iter=max_iter,
        tol=tol,
        random_state=random_state,
    )
    return Clusterer(model)
