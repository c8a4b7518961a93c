from __future__ import annotations

from rakuten_bench.levers.language import ONE_LANGUAGE, keep_resources
from rakuten_bench.registry import LANGUAGE, Rules
from rakuten_bench.types import Languages


@LANGUAGE.option("fr", digit="1", rules=Rules(tags=(ONE_LANGUAGE,)))
def fr(languages: Languages) -> Languages:
    """Train on French rows only; all rows are predicted, with French resources."""
    return keep_resources(languages, ("fr",))
