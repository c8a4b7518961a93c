"""Vectorize an encoded corpus by feature hashing, without a vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from sklearn.base import BaseEstimator, TransformerMixin

from rakuten_bench.corpus.assembly import Assembly
from rakuten_bench.corpus.encoded import Corpus
from rakuten_bench.corpus.gram import Block, WordGrams
from rakuten_bench.corpus.term import Terms

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class HashedVectorizer(Assembly, TransformerMixin, BaseEstimator):
    """Count n-grams of words in columns given by a hash of their spelling.

    Equal to scikit-learn's `HashingVectorizer` on the same tokens with
    `alternate_sign=False`: no value is negative, as some models require.
    Each distinct n-gram is hashed once.

    Parameters
    ----------
    ngram_range : (int, int)
    n_features : int
        Number of columns of each block.
    binary, norm, dtype
        As in `CorpusVectorizer`.
    """

    def __init__(
        self,
        ngram_range: tuple[int, int] = (1, 1),
        *,
        n_features: int = 2**18,
        binary: bool = False,
        norm: Literal["l1", "l2"] | None = "l2",
        dtype: Literal["float32", "float64"] = "float32",
    ) -> None:
        self.ngram_range = ngram_range
        self.n_features = n_features
        self.binary = binary
        self.norm = norm
        self.dtype = dtype

    def fit(self, X: Corpus, y: object = None) -> Self:
        """Learn the ranges of the extra columns; words need no fitting."""
        del y
        self.fit_extra(X)
        return self

    def fit_transform(self, X: Corpus, y: object = None) -> csr_matrix:
        """Learn and return the CSR matrix of shape (n_rows, n_columns)."""
        return self.fit(X, y).transform(X)

    def transform(self, X: Corpus) -> csr_matrix:
        """Return the CSR matrix of shape (n_rows, n_columns)."""
        matrices = [
            self._count(Block(X.vocabulary, *block)) * weight
            for block, weight in zip(X.iter_blocks(), X.weights, strict=True)
        ]
        return self.join(matrices, X)

    def _count(self, block: Block) -> csr_matrix:
        from sklearn.feature_extraction import FeatureHasher
        from sklearn.preprocessing import normalize

        grams, counts = WordGrams.learn(block, Terms(self.ngram_range), self.dtype)
        hasher = FeatureHasher(
            self.n_features,
            input_type="string",
            dtype=counts.dtype,
            alternate_sign=False,
        )
        hashed = counts @ hasher.transform([[name] for name in grams.names()])
        hashed.sort_indices()
        if self.binary:
            hashed.data.fill(1)
        if self.norm and hashed.nnz:  # scikit-learn rejects empty matrices
            normalize(hashed, norm=self.norm, copy=False)
        return hashed
