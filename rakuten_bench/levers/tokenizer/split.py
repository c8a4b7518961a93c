from __future__ import annotations

from collections.abc import Iterator

from rakuten_bench.registry import TOKENIZER


@TOKENIZER.option("split", digit="0")
def split(texts: list[str], *, lowercase: bool = True) -> Iterator[list[str]]:
    """Split on whitespace."""
    for text in texts:
        yield (text.lower() if lowercase else text).split()
