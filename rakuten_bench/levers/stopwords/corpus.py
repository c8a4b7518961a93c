from __future__ import annotations

from rakuten_bench.levers.stopwords.iso import iso
from rakuten_bench.registry import STOPWORDS, Rules
from rakuten_bench.types import Transformer

#: The same list as the option `iso`; removed before anything is fitted.
listed = STOPWORDS.preparation(needs="stopwordsiso")(iso)


@STOPWORDS.option(
    "corpus",
    digit="4",
    needs="scikit-learn",
    kind="transform",
    prepare=listed,
    rules=Rules(tags=("labels",)),
)
def corpus(share: float = 0.1) -> Transformer:
    """Remove stopwords-iso, and words found in a share of the rows of every class."""
    from rakuten_bench.corpus.frequent import FrequentWords

    return FrequentWords(share)
