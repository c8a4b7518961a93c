from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import VECTORIZER
from rakuten_bench.types import Transformer


@VECTORIZER.option("count", digit="0", needs="scikit-learn")
def count(
    ngram_range: tuple[int, int] = (1, 1),
    max_features: int | None = None,
    min_df: int | float = 1,
    max_df: int | float = 1.0,
    binary: bool = False,
    dtype: Literal["float32", "float64"] = "float32",
) -> Transformer:
    """Word counts."""
    from rakuten_bench.corpus.term import Terms
    from rakuten_bench.corpus.vectorizer import CorpusVectorizer, Part

    terms = Terms(ngram_range, min_df, max_df, max_features, binary)
    return CorpusVectorizer((Part(terms=terms),), dtype=dtype)
