from __future__ import annotations

from typing import Any

from rakuten_bench.registry import FEATURE


@FEATURE.option(
    "mix", digit="9", needs="scikit-learn", kind="transform", combines="members"
)
def mix(
    members: tuple[str, ...] | dict[str, dict[str, Any]] = ("hog", "color", "layout"),
    weights: tuple[float, ...] = (),
) -> Any:
    """Put several features side by side, each scaled to the same length."""
    from rakuten_bench.image.mix import Mix

    return Mix(weights)
