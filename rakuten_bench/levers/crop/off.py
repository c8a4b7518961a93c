from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import CROP
from rakuten_bench.types import Images


@CROP.option("off", digit="0")
def off(paths: tuple[str, ...], on_error: Literal["blank", "fail"] = "blank") -> Images:
    """Use the whole image."""
    return Images(paths, None, on_error)
