"""Features of images: extracted once, in parallel, straight to disk."""

from __future__ import annotations

from typing import Any

from rakuten_bench.registry import Option
from rakuten_bench.types import Params, Values


def apply(
    option: Option,
    params: Params,
    slots: Values,
    given: Params,
) -> Any:
    """Return the features of all images, or the values prepared for them."""
    return option.make(slots["images"], params=params, **given)
