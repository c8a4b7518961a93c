"""The values that a step reads, grouped by their role."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rakuten_bench.types import Prediction, Target, Values

if TYPE_CHECKING:
    from rakuten_bench.plan.slot import Slot


@dataclass(frozen=True, slots=True)
class InnerFold:
    """A step's inputs of one inner fold: a fold inside its training rows.

    Attributes
    ----------
    features : row-aligned value or Folded
        Features that a search fits its candidates on; None for a fusion.
    target : Target or None
        Labels and rows, for a search.
    members : tuple of Prediction
        For a fusion.
    """

    features: object = None
    target: Target | None = None
    members: tuple[Prediction, ...] = ()


@dataclass(frozen=True)
class Slots:
    """All inputs of a step.

    Attributes
    ----------
    values : mapping of str to value
        By the names of `registry.SLOTS`: table, languages, texts, corpus, features.
    before : tuple of values
        Results of the option's preparations, which replace `values`.
    target : Target or None
        Labels and rows of the fold; None for a stateless step.
    members : tuple of Prediction
        Predictions that a fusion combines.
    inner : tuple of InnerFold
        In the order of their numbers.
    """

    values: Values = field(default_factory=dict)
    before: tuple[object, ...] = ()
    target: Target | None = None
    members: tuple[Any, ...] = ()
    inner: tuple[InnerFold, ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[Slot, Any]]) -> Slots:
        """Group the values of a step's inputs, given in the order of the plan."""
        outside: list[tuple[Slot, Any]] = []
        inside: dict[int, list[tuple[Slot, Any]]] = {}
        for slot, value in pairs:
            if slot.inner is None:
                outside.append((slot, value))
            else:
                inside.setdefault(slot.inner, []).append((slot, value))
        named = {
            slot.name: value for slot, value in outside if slot.name not in _SEVERAL
        }
        target = named.pop("target", None)
        inner = tuple(_inner_fold(inside[number]) for number in sorted(inside))
        before, members = (_pick(outside, name) for name in _SEVERAL)
        return cls(named, before, target, members, inner)


_SEVERAL = ("before", "member")


def known_target(target: Target | None) -> Target:
    """Return the labels and rows of a fold.

    Raises
    ------
    ValueError
        If there is no target; the plan gives one to every step that learns.
    """
    if target is None:
        message = "a step that learns needs a target"
        raise ValueError(message)
    return target


def _inner_fold(pairs: Iterable[tuple[Slot, Any]]) -> InnerFold:
    pairs = list(pairs)
    named = {slot.name: value for slot, value in pairs}
    return InnerFold(named.get("features"), named.get("target"), _pick(pairs, "member"))


def _pick(pairs: Iterable[tuple[Slot, Any]], name: str) -> tuple[Any, ...]:
    """Return the values of one name, in the order of their numbers."""
    named = [(slot.number, value) for slot, value in pairs if slot.name == name]
    return tuple(value for _, value in sorted(named, key=lambda pair: pair[0]))
