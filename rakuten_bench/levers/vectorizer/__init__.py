"""How tokens are turned into feature vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rakuten_bench.registry import Option


def apply(
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    """Return the vectors of texts, for options that are not fitted."""
    return option.make(slots["texts"], params=params, **given)
