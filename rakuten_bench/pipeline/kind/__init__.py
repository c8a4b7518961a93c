"""The kinds of steps, one module each.

The engine computes a step's value for both sides of a fold (`run`). A scenario used as
an estimator learns from all rows (`fit`) and predicts other rows later (`apply`). Both
call the same `Kind`, so that there is only one implementation of steps. A module has the
name of its kind in `registry.StepKind`; its source is part of the key of every learned
step of that kind.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.pipeline.fitting import divide, probabilities
from rakuten_bench.pipeline.slot import Slots, known_target
from rakuten_bench.pipeline.table import hand_over
from rakuten_bench.types import Blocks, Folded, Params, Target

if TYPE_CHECKING:
    from rakuten_bench.registry import Option


@dataclass(frozen=True)
class Work:
    """A step with the values that it reads.

    Attributes
    ----------
    options : tuple of Option
        One; for a search, the search and the model.
    params : tuple of dict
        Parameters of each option.
    slots : Slots
    given : mapping of str to object
        Arguments that the harness passes to options whose signature names them, such
        as `random_state`.
    """

    options: tuple[Option, ...]
    params: tuple[Params, ...]
    slots: Slots
    given: Params

    @property
    def option(self) -> Option:
        """The option that processes the step's input."""
        return self.options[-1]

    @property
    def target(self) -> Target:
        """Labels and rows of the fold."""
        return known_target(self.slots.target)

    def make(self) -> Any:
        """Return the unfitted estimator of the step's only option."""
        return self.options[0].make(params=self.params[0], **self.given)

    def sources(self) -> list[Any]:
        """Return the values that the option reads, without undeclared columns."""
        read = (self.slots.values.get(slot) for slot in self.option.reads)
        values = self.slots.before or tuple(v for v in read if v is not None)
        return [hand_over(self.option, value) for value in values]

    def folded(self) -> Folded:
        """Return the values that the option reads, divided into training and test rows."""
        languages = self.slots.values.get("languages")
        parts = [divide(value, self.target, languages) for value in self.sources()]
        if not self.option.combines:
            return parts[0]
        train = Blocks(tuple(part.train for part in parts))
        has_test = parts[0].test is not None
        test = Blocks(tuple(part.test for part in parts)) if has_test else None
        return replace(parts[0], train=train, test=test)


class Kind(ABC):
    """One kind of step.

    Attributes
    ----------
    seconds : float
        Estimated duration of a step without history.
    learns : bool
        Whether its steps are fitted to training rows.
    is_last : bool
        Whether its value is a prediction, which is always kept in the store.
    """

    seconds: float
    learns = True
    is_last = False

    @abstractmethod
    def run(self, work: Work) -> Any:
        """Return the step's value for both sides of a fold, or for all rows."""

    @abstractmethod
    def fit(self, work: Work) -> tuple[Any, Any]:
        """Fit the step on training rows.

        Returns
        -------
        learned : estimator or None
            For `apply`; None for a stateless step.
        value : object
            Input of later steps; None after the last.
        """

    @abstractmethod
    def apply(self, work: Work, learned: Any) -> Any:
        """Return the step's value for new rows."""

    def source(self, work: Work) -> Any:
        """Return the value that the step reads, not divided into folds."""
        values = work.sources()
        return Blocks(tuple(values)) if work.option.combines else values[0]


class Preparing(Kind):
    """A kind whose value is the input of later steps."""

    def run(self, work: Work) -> Any:
        """Return the step's value for both sides of a fold, or for all rows."""
        return self.fit(work)[1]


class Predicting(Kind):
    """A kind whose steps predict, with probabilities from their fitted estimator."""

    is_last = True

    def apply(self, work: Work, learned: Any) -> NDArray[np.float32] | None:
        """Return probabilities of shape (n_rows, n_classes), or None."""
        return probabilities(learned, self.source(work), work.given["n_classes"])


def find_kind(name: str) -> Kind:
    """Return the kind of a name.

    >>> find_kind("map").learns, find_kind("fuse").is_last
    (False, True)
    """
    kind: Kind = importlib.import_module(f"{__name__}.{name}").KIND
    return kind
