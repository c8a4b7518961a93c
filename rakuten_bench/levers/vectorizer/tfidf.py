from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import VECTORIZER
from rakuten_bench.types import Transformer


@VECTORIZER.option("tfidf", digit="1", needs="scikit-learn")
def tfidf(
    ngram_range: tuple[int, int] = (1, 1),
    max_features: int | None = None,
    min_df: int | float = 1,
    max_df: int | float = 1.0,
    binary: bool = False,
    sublinear_tf: bool = False,
    use_idf: bool = True,
    smooth_idf: bool = True,
    norm: Literal["l1", "l2"] | None = "l2",
    dtype: Literal["float32", "float64"] = "float32",
) -> Transformer:
    """TF-IDF of words."""
    from rakuten_bench.corpus.term import Terms
    from rakuten_bench.corpus.vectorizer import (
        CorpusVectorizer,
        Part,
        Weighting,
    )

    terms = Terms(ngram_range, min_df, max_df, max_features, binary)
    weighting = Weighting(sublinear_tf, use_idf, smooth_idf, norm)
    return CorpusVectorizer((Part("word", terms, weighting),), dtype=dtype)
