from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import VECTORIZER
from rakuten_bench.types import Transformer


@VECTORIZER.option("tfidf_word_char", digit="3", needs="scikit-learn")
def tfidf_word_char(
    ngram_range: tuple[int, int] = (1, 2),
    max_features: int | None = None,
    char_ngram_range: tuple[int, int] = (3, 5),
    char_max_features: int | None = None,
    char_weight: float = 1.0,
    min_df: int | float = 1,
    max_df: int | float = 1.0,
    analyzer: Literal["char_wb", "char"] = "char_wb",
    sublinear_tf: bool = False,
    norm: Literal["l1", "l2"] | None = "l2",
    dtype: Literal["float32", "float64"] = "float32",
) -> Transformer:
    """TF-IDF of words and of character n-grams, concatenated."""
    from rakuten_bench.corpus.term import Terms
    from rakuten_bench.corpus.vectorizer import (
        CorpusVectorizer,
        Part,
        Weighting,
    )

    words = Terms(ngram_range, min_df, max_df, max_features)
    chars = Terms(char_ngram_range, min_df, max_df, char_max_features)
    weighting = Weighting(sublinear_tf, use_idf=True, norm=norm)
    parts = (
        Part("word", words, weighting),
        Part(analyzer, chars, weighting, weight=char_weight),
    )
    return CorpusVectorizer(parts, dtype=dtype)
