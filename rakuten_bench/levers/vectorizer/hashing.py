from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import VECTORIZER
from rakuten_bench.types import Transformer


@VECTORIZER.option("hashing", digit="4", needs="scikit-learn")
def hashing(
    ngram_range: tuple[int, int] = (1, 1),
    n_features: int = 2**18,
    binary: bool = False,
    norm: Literal["l1", "l2"] | None = "l2",
    dtype: Literal["float32", "float64"] = "float32",
) -> Transformer:
    """Word counts by feature hashing: no vocabulary is fitted, words may collide."""
    from rakuten_bench.corpus.hashed import HashedVectorizer

    return HashedVectorizer(
        ngram_range, n_features=n_features, binary=binary, norm=norm, dtype=dtype
    )
