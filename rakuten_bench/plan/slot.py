"""Names of the values that steps read and write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """The role of a value in the step that reads it.

    Attributes
    ----------
    name : str
        One of `registry.SLOTS`; "target" for labels and rows of a fold; "before" for
        the result of a preparation; "member" for a prediction to be combined.
    number : int
        Number among several values of the same name ("before", "member").
    inner : int or None
        Number of the inner fold that it belongs to; None for the fold itself.
    """

    name: str
    number: int = 0
    inner: int | None = None

    def __str__(self) -> str:
        inner = "" if self.inner is None else f"inner{self.inner}."
        return f"{inner}{self.name}{self.number or ''}"
