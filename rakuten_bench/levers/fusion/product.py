from __future__ import annotations

from rakuten_bench.registry import FUSION
from rakuten_bench.types import Rule


@FUSION.option("product", digit="1", needs="scikit-learn")
def product(*, n_classes: int) -> Rule:
    """Product of the members' probabilities."""
    from rakuten_bench.fusion.rule import Product

    return Product(n_classes)
