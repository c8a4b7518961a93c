from __future__ import annotations

from rakuten_bench.levers.language import keep_resources
from rakuten_bench.registry import LANGUAGE
from rakuten_bench.types import Languages


@LANGUAGE.option("max", digit="4")
def max_(languages: Languages) -> Languages:
    """Train on all rows, each with the resources of its language where available."""
    known = tuple(code for code in languages.codes if code)
    return keep_resources(languages, known or ("fr",), others_trained=True)
