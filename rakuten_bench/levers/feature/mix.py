from __future__ import annotations

from typing import Any

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.registry import FEATURE, Rules
from rakuten_bench.types import Transformer

#: Immutable: a default shared by all calls.
_EVEN: dict[str, float] = {}


@FEATURE.option(
    "mix",
    digit="9",
    needs="scikit-learn",
    kind="transform",
    combines="members",
    rules=Rules(tags=("signed",)),
)
def mix(
    members: tuple[str, ...] | dict[str, dict[str, Any]] = ("hog", "color", "layout"),
    weights: dict[str, float] = _EVEN,
) -> Transformer:
    """Concatenate several features, each scaled to the same norm, or by weight.

    Members are names, or names with their parameters; a weight that is not given is 1.
    """
    from rakuten_bench.image.mix import Mix

    stray = [name for name in weights if name not in members]
    if stray:
        raise UserError(unknown("member of feature 'mix'", stray[0], members))
    return Mix(tuple(weights.get(name, 1.0) for name in members))
