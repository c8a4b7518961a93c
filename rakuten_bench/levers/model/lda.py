from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Rules
from rakuten_bench.types import Clusterer


@MODEL.option(
    "lda",
    digit="l",
    kind="cluster",
    needs="scikit-learn",
    rules=Rules(refuses=("signed",)),
)
def lda(
    n_clusters: int | None = None,
    learning_method: Literal["batch", "online"] = "batch",
    max_iter: int = 20,
    doc_topic_prior: float | None = None,
    topic_word_prior: float | None = None,
    *,
    n_classes: int,
    random_state: int,
) -> Clusterer:
    """Latent Dirichlet allocation as clustering: a row's cluster is its main topic."""
    from sklearn.decomposition import LatentDirichletAllocation

    from rakuten_bench.estimator.cluster import Clusterer

    model = LatentDirichletAllocation(
        n_clusters or n_classes,
        learning_method=learning_method,
        max_iter=max_iter,
        doc_topic_prior=doc_topic_prior,
        topic_word_prior=topic_word_prior,
        random_state=random_state,
    )
    return Clusterer(model)
