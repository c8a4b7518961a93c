from __future__ import annotations

from typing import Any, Literal

from rakuten_bench.registry import MODEL, Choices, Integer


@MODEL.option(
    "knn",
    digit="8",
    needs="scikit-learn",
    space={
        "n_neighbors": Integer(1, 50, log=True),
        "weights": Choices(("uniform", "distance")),
    },
)
def knn(
    n_neighbors: int = 5,
    weights: Literal["uniform", "distance"] = "uniform",
    metric: Literal["euclidean", "cosine", "manhattan"] = "euclidean",
    *,
    n_jobs: int = 1,
) -> Any:
    """Nearest neighbours; its time and memory grow with training times test rows."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(
        n_neighbors=n_neighbors, weights=weights, metric=metric, n_jobs=n_jobs
    )
