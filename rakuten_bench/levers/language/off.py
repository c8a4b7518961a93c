from __future__ import annotations

from rakuten_bench.levers.language import ONE_LANGUAGE, keep_resources
from rakuten_bench.registry import LANGUAGE, Rules
from rakuten_bench.types import Languages


@LANGUAGE.option("off", digit="0", rules=Rules(tags=(ONE_LANGUAGE,)))
def off(languages: Languages) -> Languages:
    """Train on all rows, with French resources for all."""
    return keep_resources(languages, ("fr",), others_trained=True)
