from __future__ import annotations

from rakuten_bench.registry import STOPWORDS


@STOPWORDS.option("off", digit="0")
def off() -> None:
    """Keep all words."""
