from __future__ import annotations

from rakuten_bench.registry import NORMALIZER


@NORMALIZER.option("off", digit="0")
def off() -> None:
    """Keep every word unchanged."""
