"""The encoded corpus: tokens as integer ids, for fast text levers."""

from rakuten_bench.corpus.encoded import Corpus
from rakuten_bench.corpus.vocabulary import Vocabulary

__all__ = ["Corpus", "Vocabulary"]
