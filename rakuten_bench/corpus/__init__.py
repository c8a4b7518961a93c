"""The encoded corpus: words as numbers, so that a text lever costs tenths of a second."""

from rakuten_bench.corpus.encoded import Corpus
from rakuten_bench.corpus.vocabulary import Vocabulary

__all__ = ["Corpus", "Vocabulary"]
