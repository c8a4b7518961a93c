from __future__ import annotations

from rakuten_bench.registry import CLEANER


@CLEANER.option("off", digit="0")
def off() -> None:
    """Keep the text unchanged."""
