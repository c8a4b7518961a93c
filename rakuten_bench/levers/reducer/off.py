from __future__ import annotations

from rakuten_bench.registry import REDUCER


@REDUCER.option("off", digit="0", modalities=("text", "image"))
def off() -> None:
    """Keep every feature."""
