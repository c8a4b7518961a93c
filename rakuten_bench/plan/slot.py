"""Names of the values that steps read and write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """What a value is to the step that reads it.

    Attributes
    ----------
    name : str
        One of `registry.SLOTS`; "target" for labels and rows of a fold; "before" for
        what an option of the same lever made; "member" for a prediction to be joined.
    number : int
        Which of several ("before", "member").
    inner : int or None
        Number of the fold inside the training rows that it belongs to; None outside.
    """

    name: str
    number: int = 0
    inner: int | None = None

    def __str__(self) -> str:
        inner = "" if self.inner is None else f"inner{self.inner}."
        return f"{inner}{self.name}{self.number or ''}"
