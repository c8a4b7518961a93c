"""Names of the split's folds, and of inner folds: inside another's training rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoldName:
    """Identifies the fold that a step learns on.

    Attributes
    ----------
    name : str
        Name of the outermost fold, from the split.
    parent : FoldName or None
        The fold whose training rows contain this one; None for a fold of the split.
    number, n_folds : int
        Number of this inner fold, and how many `parent` has; both 0 if it predicts the
        validation rows of `parent`.

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
        """Whether it is a fold inside the training rows of another."""
        return self.parent is not None

    @property
    def is_validation(self) -> bool:
        """Whether it predicts the validation rows of another fold."""
        return self.is_inner and not self.n_folds

    @property
    def validation(self) -> FoldName:
        """The fold with the same training rows that predicts the validation rows."""
        return FoldName(self.name, self)

    def inside(self, n_folds: int) -> list[FoldName]:
        """Return the inner folds of its training rows."""
        return [FoldName(self.name, self, number, n_folds) for number in range(n_folds)]

    def __str__(self) -> str:
        if self.parent is None:
            return self.name
        last = f"{self.number}of{self.n_folds}" if self.n_folds else "validation"
        return f"{self.parent}.{last}"
