"""Which columns the text comes from."""

from __future__ import annotations

from rakuten_bench.registry import Option
from rakuten_bench.types import Params, Texts, Values


def apply(
    option: Option,
    params: Params,
    slots: Values,
    given: Params,
) -> Texts:
    """Apply an option to the data set's frame."""
    return option.make(slots["frame"], params=params, **given)
