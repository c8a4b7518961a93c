"""How images are cropped; nothing is decoded before a feature needs it."""

from __future__ import annotations

from rakuten_bench.registry import Option
from rakuten_bench.types import Images, Params, Values


def apply(
    option: Option,
    params: Params,
    slots: Values,
    given: Params,
) -> Images:
    """Return the images of the table's rows with their crop."""
    paths = tuple(slots["frame"]["image_path"].astype(str))
    images: Images = option.make(paths, params=params, **given)
    return images
