"""Whose words a row's resources come from, and which rows are learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rakuten_bench.registry import Option
from rakuten_bench.types import Languages


def apply(
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Languages:
    """Apply an option to the languages that the detector found."""
    return option.make(slots["languages"], params=params, **given)
