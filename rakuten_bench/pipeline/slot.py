"""The values that a step reads, told apart by what they are to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rakuten_bench.types import Prediction, Target, Values

if TYPE_CHECKING:
    from rakuten_bench.plan.slot import Slot


@dataclass(frozen=True, slots=True)
class InnerFold:
    """What a step reads of one fold inside its training rows.

    Attributes
    ----------
    features : row-aligned value or Folded
        What a search fits its candidates on; None for a fusion.
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
    """All that a step reads.

    Attributes
    ----------
    values : mapping of str to value
        By the names of `registry.SLOTS`: table, languages, texts, corpus, features.
    before : tuple of values
        What options of the same lever made that run first: in place of `values`.
    target : Target or None
        Labels and rows of the fold; None for a step that learns nothing.
    members : tuple of Prediction
        What a fusion joins.
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
        """Sort the values of a step's inputs, which come in the order of the plan."""
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
        If there are none: the plan gives some to every step that learns.
    """
    if target is None:
        message = "a step that learns needs a target"
        raise ValueError(message)
    return target


def _inner_fold(pairs: Iterable[tuple[Slot, Any]]) -> InnerFold:
    known = list(pairs)
    named = {slot.name: value for slot, value in known}
    return InnerFold(named.get("features"), named.get("target"), _pick(known, "member"))


def _pick(pairs: Iterable[tuple[Slot, Any]], name: str) -> tuple[Any, ...]:
    """Return the values of one name, in the order of their numbers."""
    found = [(slot.number, value) for slot, value in pairs if slot.name == name]
    return tuple(value for _, value in sorted(found, key=lambda one: one[0]))
