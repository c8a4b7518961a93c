"""How texts are cleaned before tokenization, once for each distinct text."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from rakuten_bench.registry import Option
from rakuten_bench.types import Params, Texts, Values


def apply(
    option: Option,
    params: Params,
    slots: Values,
    given: Params,
) -> Texts:
    """Clean every distinct text of all blocks."""
    texts: Texts = slots["texts"]
    distinct = list(dict.fromkeys(chain.from_iterable(texts.columns)))
    cleaned = option.make(distinct, params=params, **given)
    new = dict(zip(distinct, cleaned, strict=True))
    return replace(
        texts, columns=tuple([new[text] for text in column] for column in texts.columns)
    )
