from __future__ import annotations

from rakuten_bench.levers.language import keep_resources
from rakuten_bench.registry import LANGUAGE
from rakuten_bench.types import Languages


@LANGUAGE.option("fr_en", digit="2")
def fr_en(languages: Languages) -> Languages:
    """Train on French and English rows, each with the resources of its language."""
    return keep_resources(languages, ("fr", "en"))
