from __future__ import annotations

from typing import Any

from rakuten_bench.registry import FUSION


@FUSION.option("product", digit="1", needs="scikit-learn")
def product(*, n_classes: int) -> Any:
    """Product of the members' probabilities."""
    from rakuten_bench.fusion.rule import Product

    return Product(n_classes)
