from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from rakuten_bench.registry import TOKENIZER


@TOKENIZER.option("spacy", digit="5", needs="spacy")
def spacy(
    texts: list[str], *, lowercase: bool = True, language: str
) -> Iterator[list[str]]:
    """Rules of spaCy for the row's language: French l' and d' are split off."""
    tokenize = _blank(language).tokenizer
    for text in texts:
        tokens = tokenize(text.lower() if lowercase else text)
        yield [token.text for token in tokens if not token.is_space]


@cache  # French takes five seconds
def _blank(language: str) -> Any:
    """Return the rules of a language, or language-neutral ones if spaCy has none."""
    import spacy as library

    try:
        return library.blank(language)
    except ImportError:  # not known, or needs a dictionary of its own
        return library.blank("xx")
