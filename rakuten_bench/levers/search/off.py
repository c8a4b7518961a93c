from __future__ import annotations

from rakuten_bench.registry import SEARCH


@SEARCH.option("off", digit="0")
def off() -> None:
    """No search: use the parameters as given."""
