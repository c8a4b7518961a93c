"""How tokens are turned into feature vectors."""

from __future__ import annotations

from typing import Any

from rakuten_bench.registry import Option
from rakuten_bench.types import Params, Values


def apply(
    option: Option,
    params: Params,
    slots: Values,
    given: Params,
) -> Any:
    """Return the vectors of texts, for options that are not fitted."""
    return option.make(slots["texts"], params=params, **given)
