"""The kinds of steps: each module here is one, with all that is particular to it.

The engine computes a step's value for both sides of a fold (`run`); a scenario that is
used as an estimator learns from all rows (`fit`) and predicts others later (`apply`).
Both call the same kind: there is one interpreter of steps. A module's name is what
`registry.StepKind` calls it; its source is part of the key of every step of its kind
that learns.
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
        Of each of them.
    slots : Slots
    given : mapping of str to object
        What the harness fills in where an option names it, such as `random_state`.
    """

    options: tuple[Option, ...]
    params: tuple[Params, ...]
    slots: Slots
    given: Params

    @property
    def option(self) -> Option:
        """The option whose input the step's value is made from."""
        return self.options[-1]

    @property
    def target(self) -> Target:
        """Labels and rows of the fold."""
        return known_target(self.slots.target)

    def make(self) -> Any:
        """Return the unfitted estimator of the step's only option."""
        return self.options[0].make(params=self.params[0], **self.given)

    def sources(self) -> list[Any]:
        """Return the values that the option works on, as it may see them."""
        read = (self.slots.values.get(slot) for slot in self.option.reads)
        found = self.slots.before or tuple(value for value in read if value is not None)
        return [hand_over(self.option, value) for value in found]

    def folded(self) -> Folded:
        """Return what the option works on, parted into training and test rows."""
        languages = self.slots.values.get("languages")
        parts = [divide(value, self.target, languages) for value in self.sources()]
        if not self.option.combines:
            return parts[0]
        train = Blocks(tuple(part.train for part in parts))
        seen = parts[0].test is not None
        test = Blocks(tuple(part.test for part in parts)) if seen else None
        return replace(parts[0], train=train, test=test)


class Kind(ABC):
    """What is particular to one kind of step.

    Attributes
    ----------
    seconds : float
        What a step takes, where nothing is known of its option or its like.
    learns : bool
        Whether it fits something to training rows.
    is_last : bool
        Whether its value is a prediction, which is kept wherever it was computed.
    """

    seconds: float
    learns = True
    is_last = False

    @abstractmethod
    def run(self, work: Work) -> Any:
        """Return the step's value for both sides of a fold, or for all rows."""

    @abstractmethod
    def fit(self, work: Work) -> tuple[Any, Any]:
        """Learn from training rows.

        Returns
        -------
        learned : estimator or None
            For `apply`; None where nothing is learned.
        value : object
            What later steps learn from; None after the last.
        """

    @abstractmethod
    def apply(self, work: Work, learned: Any) -> Any:
        """Return the step's value for rows that nothing is learned from."""

    def source(self, work: Work) -> Any:
        """Return the value that the step works on, of rows that are not parted."""
        found = work.sources()
        return Blocks(tuple(found)) if work.option.combines else found[0]


class Preparing(Kind):
    """A kind whose value is what later steps learn from."""

    def run(self, work: Work) -> Any:
        """Return the step's value for both sides of a fold, or for all rows."""
        return self.fit(work)[1]


class Predicting(Kind):
    """A kind whose steps predict: what they learned gives probabilities."""

    is_last = True

    def apply(self, work: Work, learned: Any) -> NDArray[np.float32] | None:
        """Return probabilities of shape (n_rows, n_classes); None without any."""
        return probabilities(learned, self.source(work), work.given["n_classes"])


def find_kind(name: str) -> Kind:
    """Return the kind of that name.

    >>> find_kind("map").learns, find_kind("fuse").is_last
    (False, True)
    """
    kind: Kind = importlib.import_module(f"{__name__}.{name}").KIND
    return kind
