from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL
from rakuten_bench.types import Clusterer


@MODEL.option("kmeans", digit="k", kind="cluster", needs="scikit-learn")
def kmeans(
    n_clusters: int | None = None,
    algorithm: Literal["full", "minibatch"] = "full",
    n_init: int = 10,
    max_iter: int = 300,
    *,
    n_classes: int,
    random_state: int,
) -> Clusterer:
    """K-means clustering, one cluster per class by default; scored apart, not ranked."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    from rakuten_bench.estimator.cluster import Clusterer

    kind = KMeans if algorithm == "full" else MiniBatchKMeans
    model = kind(
        n_clusters or n_classes,
        n_init=n_init,
        max_iter=max_iter,
        random_state=random_state,
    )
    return Clusterer(model)
