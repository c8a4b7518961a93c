from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import VECTORIZER
from rakuten_bench.types import Transformer


@VECTORIZER.option("tfidf_char", digit="2", needs="scikit-learn")
def tfidf_char(
    ngram_range: tuple[int, int] = (3, 5),
    max_features: int | None = None,
    min_df: int | float = 1,
    max_df: int | float = 1.0,
    analyzer: Literal["char_wb", "char"] = "char_wb",
    sublinear_tf: bool = False,
    norm: Literal["l1", "l2"] | None = "l2",
    dtype: Literal["float32", "float64"] = "float32",
) -> Transformer:
    """TF-IDF of character n-grams."""
    from rakuten_bench.corpus.term import Terms
    from rakuten_bench.corpus.vectorizer import (
        CorpusVectorizer,
        Part,
        Weighting,
    )

    terms = Terms(ngram_range, min_df, max_df, max_features)
    weighting = Weighting(sublinear_tf, use_idf=True, norm=norm)
    return CorpusVectorizer((Part(analyzer, terms, weighting),), dtype=dtype)
