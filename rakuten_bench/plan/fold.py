"""Folds of the split, and folds inside the training rows of another fold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoldName:
    """Which fold a step learns on.

    Attributes
    ----------
    name : str
        Of the split's fold in which it lies.
    parent : FoldName or None
        The fold inside whose training rows it lies; None for a fold of the split.
    number, n_folds : int
        Which of how many inside the training rows of `parent`; 0 of 0 where its rows
        to predict are the validation rows of `parent`.

    >>> fold = FoldName("0")
    >>> str(fold), str(fold.validation), str(fold.inside(3)[1])
    ('0', '0.validation', '0.1of3')
    """

    name: str
    parent: FoldName | None = None
    number: int = 0
    n_folds: int = 0

    @property
    def is_inner(self) -> bool:
        """Whether it lies inside the training rows of another fold."""
        return self.parent is not None

    @property
    def is_validation(self) -> bool:
        """Whether its rows to predict are the validation rows of another fold."""
        return self.is_inner and not self.n_folds

    @property
    def validation(self) -> FoldName:
        """The fold that learns the same rows and predicts the validation rows."""
        return FoldName(self.name, self)

    def inside(self, n_folds: int) -> list[FoldName]:
        """Return the folds into which its training rows are divided."""
        return [FoldName(self.name, self, one, n_folds) for one in range(n_folds)]

    def __str__(self) -> str:
        if self.parent is None:
            return self.name
        last = f"{self.number}of{self.n_folds}" if self.n_folds else "validation"
        return f"{self.parent}.{last}"
