"""Which columns the text comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rakuten_bench.registry import Option
from rakuten_bench.types import Texts


def apply(
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Texts:
    """Apply an option to the data set's frame."""
    return option.make(slots["frame"], params=params, **given)
