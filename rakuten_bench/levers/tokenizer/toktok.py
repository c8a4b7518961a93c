from __future__ import annotations

from collections.abc import Iterator

from rakuten_bench.registry import TOKENIZER


@TOKENIZER.option("toktok", digit="3", needs="nltk")
def toktok(texts: list[str], *, lowercase: bool = True) -> Iterator[list[str]]:
    """Split off punctuation, for any language (NLTK's Tok-tok)."""
    from nltk.tokenize.toktok import ToktokTokenizer

    tokenize = ToktokTokenizer().tokenize
    for text in texts:
        yield tokenize(text.lower() if lowercase else text)
