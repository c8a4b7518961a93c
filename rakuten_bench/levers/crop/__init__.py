"""How images are cropped; nothing is decoded before a feature needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rakuten_bench.registry import Option
from rakuten_bench.types import Images


def apply(
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Images:
    """Return the images of the table's rows with their crop."""
    paths = tuple(slots["frame"]["image_path"].astype(str))
    images: Images = option.make(paths, params=params, **given)
    return images
