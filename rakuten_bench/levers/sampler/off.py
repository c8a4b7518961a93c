from __future__ import annotations

from rakuten_bench.registry import SAMPLER


@SAMPLER.option("off", digit="0")
def off() -> None:
    """Keep the training rows unchanged."""
