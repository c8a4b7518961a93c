"""Drop words that are frequent in every class and thus not informative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from rakuten_bench.corpus.encoded import Corpus
from rakuten_bench.corpus.ngram import rank

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class FrequentWords(TransformerMixin, BaseEstimator):
    """Drop words that occur in at least a share of the rows of every class.

    Parameters
    ----------
    share : float
        Minimal share of a class's rows, in [0, 1].

    Attributes
    ----------
    words_ : Vocabulary
        The dropped words.
    """

    def __init__(self, share: float = 0.1) -> None:
        self.share = share

    def fit(self, X: Corpus, y: NDArray[np.integer]) -> Self:
        """Learn the words to drop from the rows and labels of a corpus."""
        classes = np.unique(y, return_inverse=True)[1]
        frequency = _rows_with_word(X, classes)
        least = self.share * np.bincount(classes)[:, None]
        is_frequent = np.all((frequency >= least) & (frequency > 0), axis=0)
        self.words_ = X.vocabulary.take(np.flatnonzero(is_frequent))
        return self

    def transform(self, X: Corpus) -> Corpus:
        """Return a corpus without the words."""
        check_is_fitted(self, "words_")
        dropped = self.words_.find(X.vocabulary) >= 0
        return X.keep(~dropped[X.tokens])


def _rows_with_word(X: Corpus, y: NDArray[np.integer]) -> csr_matrix:
    """Count the rows of each class that contain each word, in any block.

    Returns
    -------
    int64 array of shape (n_classes, n_words)
    """
    n_words, n_classes = len(X.vocabulary), int(y.max(initial=-1)) + 1
    row = np.repeat(np.tile(np.arange(len(X)), len(X.blocks)), np.diff(X.offsets))
    pairs, _ = rank(row * n_words + X.tokens)
    rows, words = np.divmod(pairs, max(n_words, 1))
    counts = np.bincount(y[rows] * n_words + words, minlength=n_classes * n_words)
    return counts.reshape(n_classes, n_words)
