from __future__ import annotations

import re
from collections.abc import Iterator

from rakuten_bench.registry import TOKENIZER

#: The pattern of NLTK's WordPunctTokenizer; importing that takes three seconds.
_PATTERN = re.compile(r"\w+|[^\w\s]+")


@TOKENIZER.option("wordpunct", digit="2")
def wordpunct(texts: list[str], *, lowercase: bool = True) -> Iterator[list[str]]:
    """Split into runs of letters and of punctuation (as NLTK's wordpunct)."""
    for text in texts:
        yield _PATTERN.findall(text.lower() if lowercase else text)
