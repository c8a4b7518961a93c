"""Features of images: extracted once, in parallel, straight to disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rakuten_bench.registry import Option


def apply(
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    """Return the features of all images, or the values prepared for them."""
    return option.make(slots["images"], params=params, **given)
