"""Vectorize an encoded corpus as scikit-learn does.

The matrices equal those of scikit-learn's `CountVectorizer` and `TfidfVectorizer` on the
same tokens, in values and column order; computing them is several times faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from rakuten_bench.corpus.assembly import Assembly
from rakuten_bench.corpus.encoded import Corpus
from rakuten_bench.corpus.gram import (
    Block,
    CharGrams,
    Grams,
    TextCharGrams,
    WordGrams,
)
from rakuten_bench.corpus.term import Terms, document_frequency
from rakuten_bench.errors import UserError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

#: Entries of a matrix scaled at a time.
_CHUNK = 1 << 16

Analyzer = Literal["word", "char_wb", "char"]
GRAMS: dict[Analyzer, type[Grams]] = {
    "word": WordGrams,
    "char_wb": CharGrams,
    "char": TextCharGrams,
}


@dataclass(frozen=True, slots=True)
class Weighting:
    """Weighting of counts, with the parameters of scikit-learn's `TfidfTransformer`."""

    sublinear_tf: bool = False
    use_idf: bool = False
    smooth_idf: bool = True
    norm: Literal["l1", "l2"] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of n-gram and its weighting.

    Attributes
    ----------
    weight : float
        Factor of its values, applied after the normalization.
    """

    analyzer: Analyzer = "word"
    terms: Terms = field(default_factory=Terms)
    weighting: Weighting = field(default_factory=Weighting)
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FittedPart:
    """A part fitted on one block.

    Attributes
    ----------
    idf : float64 array of shape (n_features,) or None
    """

    part: Part
    grams: Grams
    idf: NDArray[np.float64] | None


class CorpusVectorizer(Assembly, TransformerMixin, BaseEstimator):
    """Convert a corpus to one sparse matrix: the columns of all parts of all blocks.

    Parameters
    ----------
    parts : sequence of Part
    dtype : {"float32", "float64"}
        Data type of the matrix; learned values are always float64.

    Attributes
    ----------
    fitted_ : list of lists of FittedPart
        The fitted parts of each block.
    """

    def __init__(
        self,
        parts: Sequence[Part] = (Part(),),
        *,
        dtype: Literal["float32", "float64"] = "float32",
    ) -> None:
        self.parts = parts
        self.dtype = dtype

    def fit(self, X: Corpus, y: object = None) -> CorpusVectorizer:
        """Learn terms, document frequencies and ranges from the rows of a corpus."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Corpus, y: object = None) -> csr_matrix:
        """Learn and return the CSR matrix of shape (n_rows, n_features)."""
        del y
        self.blocks_, self.fitted_, matrices = X.blocks, [], []
        for block, weight in zip(_blocks(X), X.weights, strict=True):
            learned = [_learn(part, block, self.dtype) for part in self.parts]
            self.fitted_.append([fitted for fitted, _ in learned])
            matrices += [_weigh(*pair, weight) for pair in learned]
        self.fit_extra(X)
        self._check_terms(X)
        return self.join(matrices, X)

    def transform(self, X: Corpus) -> csr_matrix:
        """Return the CSR matrix of other rows; unknown terms are ignored."""
        if not hasattr(self, "fitted_"):
            message = "This CorpusVectorizer is not fitted yet."
            raise NotFittedError(message)
        matrices = []
        for block, weight, parts in zip(
            _blocks(X), X.weights, self.fitted_, strict=True
        ):
            for fitted in parts:
                counts = fitted.grams.count(block, self.dtype)
                matrices.append(_weigh(fitted, counts, weight))
        return self.join(matrices, X)

    def get_feature_names_out(
        self, input_features: object = None
    ) -> NDArray[np.object_]:
        """Return the name of each column: "title: robe rouge", "extra: 0"."""
        del input_features
        names = [
            f"{block}: {name}"
            for block, parts in zip(self.blocks_, self.fitted_, strict=True)
            for fitted in parts
            for name in fitted.grams.names()
        ]
        names += [f"extra: {column}" for column in range(len(self.low_))]
        return np.array(names, dtype=object)

    def _check_terms(self, X: Corpus) -> None:
        if not any(len(fitted.grams) for parts in self.fitted_ for fitted in parts):
            message = (
                f"no term is left in {len(X)} training rows: their texts are empty, or "
                f"min_df and max_df leave none. Lower min_df or raise max_df."
            )
            raise UserError(message)


def _blocks(corpus: Corpus) -> list[Block]:
    return [Block(corpus.vocabulary, *block) for block in corpus.iter_blocks()]


def _learn(part: Part, block: Block, dtype: str) -> tuple[FittedPart, csr_matrix]:
    grams, counts = GRAMS[part.analyzer].learn(block, part.terms, dtype)
    idf = _idf(counts, part.weighting) if part.weighting.use_idf else None
    return FittedPart(part, grams, idf), counts


def _idf(counts: csr_matrix, weighting: Weighting) -> NDArray[np.float64]:
    smooth = int(weighting.smooth_idf)
    frequency = document_frequency(counts).astype(np.float64) + smooth
    return np.log((counts.shape[0] + smooth) / frequency) + 1.0


def _weigh(fitted: FittedPart, counts: csr_matrix, weight: float) -> csr_matrix:
    """Weight counts, in place."""
    from sklearn.preprocessing import normalize

    weighting = fitted.part.weighting
    if fitted.part.terms.binary:
        counts.data.fill(1.0)
    if weighting.sublinear_tf:
        np.log(counts.data, out=counts.data)
        counts.data += 1.0
    if fitted.idf is not None:
        _scale_columns(counts, fitted.idf)
    if weighting.norm is not None and counts.nnz:  # scikit-learn rejects empty matrices
        normalize(counts, norm=weighting.norm, copy=False)
    if weight * fitted.part.weight != 1.0:
        counts.data *= weight * fitted.part.weight
    return counts


def _scale_columns(matrix: csr_matrix, factors: NDArray[np.float64]) -> None:
    """Scale the columns of a CSR matrix in place, in chunks that fit the CPU cache."""
    factors = factors.astype(matrix.dtype)
    for start in range(0, matrix.nnz, _CHUNK):
        chunk = slice(start, start + _CHUNK)
        matrix.data[chunk] *= factors[matrix.indices[chunk]]
