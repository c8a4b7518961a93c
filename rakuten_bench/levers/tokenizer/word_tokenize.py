from __future__ import annotations

from collections.abc import Iterator

from rakuten_bench.registry import TOKENIZER


@TOKENIZER.option("word_tokenize", digit="4", needs="nltk")
def word_tokenize(texts: list[str], *, lowercase: bool = True) -> Iterator[list[str]]:
    """Cut as the Penn Treebank does, line by line (NLTK's word_tokenize).

    Each line counts as one sentence: to find sentences NLTK needs data that is not in
    its package, and titles have none.
    """
    from nltk.tokenize.destructive import NLTKWordTokenizer

    tokenize = NLTKWordTokenizer().tokenize
    for text in texts:
        lines = (text.lower() if lowercase else text).splitlines()
        yield [token for line in lines for token in tokenize(line)]
