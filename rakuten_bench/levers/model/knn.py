from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Effort, Integer
from rakuten_bench.types import Classifier


@MODEL.option(
    "knn",
    digit="8",
    needs="scikit-learn",
    effort=Effort(1.0, 2.0, "reducer svd before it, or linear_svc"),
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
) -> Classifier:
    """k-nearest neighbors; time and memory grow with training rows times test rows."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(
        n_neighbors=n_neighbors, weights=weights, metric=metric, n_jobs=n_jobs
    )
