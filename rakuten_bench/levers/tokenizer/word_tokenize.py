from __future__ import annotations

from collections.abc import Iterator

from rakuten_bench.registry import TOKENIZER


@TOKENIZER.option("word_tokenize", digit="4", needs="nltk")
def word_tokenize(texts: list[str], *, lowercase: bool = True) -> Iterator[list[str]]:
    """Penn Treebank tokenization, line by line (NLTK's word_tokenize).

    Each line counts as one sentence: splitting sentences needs data that is not in
    NLTK's package, and titles are not sentences.
    """
    from nltk.tokenize.destructive import NLTKWordTokenizer

    tokenize = NLTKWordTokenizer().tokenize
    for text in texts:
        lines = (text.lower() if lowercase else text).splitlines()
        yield [token for line in lines for token in tokenize(line)]
