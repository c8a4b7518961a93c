"""The plan: what is to be computed, each piece once, named by how it is made.

A plan runs nothing. Its steps form a small dataflow over *slots* (`frame`, `languages`,
`texts`, `corpus`, `features`, `prediction`): a step takes the values of some slots and
gives the value of others. Two scenarios that begin alike share their first steps,
because a step's key is a hash of its options, their source and versions and the keys of
its inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rakuten_bench.plan.fold import FoldName
from rakuten_bench.plan.slot import Slot
from rakuten_bench.registry import StepKind
from rakuten_bench.scenario import Choice, Scenario
from rakuten_bench.types import Modality


@dataclass(frozen=True, slots=True)
class Input:
    """Where a step takes a value from.

    Attributes
    ----------
    slot : Slot
    key : str
        Of the step or root that makes it.
    part : str
        Which of several slots that step writes; "" where it writes one.
    """

    slot: Slot
    key: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One option applied to the results of other steps.

    Attributes
    ----------
    key : str
        Hash of everything that decides the result.
    kind : StepKind
    modality : {"text", "image", "fusion"}
    choices : tuple of Choice
        The option; for a search, the search and the model.
    inputs : tuple of Input
    writes : tuple of str
        Slots.
    fold : FoldName or None
        That it learns on; None for a step over all rows.
    seed : int
        For what is random in it.
    """

    key: str
    kind: StepKind
    modality: Modality
    choices: tuple[Choice, ...]
    inputs: tuple[Input, ...]
    writes: tuple[str, ...]
    fold: FoldName | None
    seed: int

    @property
    def lever(self) -> str:
        """Name of the lever that the step belongs to."""
        return self.choices[0].lever

    def __str__(self) -> str:
        words = " + ".join(str(choice) for choice in self.choices)
        fold = f" [fold {self.fold}]" if self.fold else ""
        return f"{self.lever} {words}{fold}"


@dataclass(frozen=True)
class Plan:
    """Steps in an order in which each comes after its inputs.

    Attributes
    ----------
    steps : mapping of key to Step
    frame : str
        Key of the data set's table.
    targets : mapping of key to FoldName
        Keys of the roots that hold labels and rows, to their fold.
    outputs : mapping of code to tuple of str
        For each scenario the key of its prediction in each fold.
    languages : Input or None
        Where the language of each row is found, for scores on subsets.
    scenarios : mapping of code to Scenario
    """

    steps: Mapping[str, Step]
    frame: str
    targets: Mapping[str, FoldName]
    outputs: Mapping[str, tuple[str, ...]]
    scenarios: Mapping[str, Scenario]
    languages: Input | None = None
    asked: int = field(default=0)

    @property
    def roots(self) -> tuple[str, ...]:
        """Keys of what no step computes: the table, and labels and rows of each fold."""
        return self.frame, *self.targets

    def ancestors(self, keys: Iterable[str]) -> list[str]:
        """Return the steps that some steps need, themselves included, inputs first."""
        found: dict[str, None] = {}

        def visit(key: str) -> None:
            if key in found or key not in self.steps:
                return
            for source in self.steps[key].inputs:
                visit(source.key)
            found[key] = None

        for key in keys:
            visit(key)
        return list(found)

    def recorded(self) -> frozenset[str]:
        """Return the keys of the results that records are made from."""
        keys = {key for fold_keys in self.outputs.values() for key in fold_keys}
        return frozenset(keys | ({self.languages.key} if self.languages else set()))

    @property
    def n_shared(self) -> int:
        """How many step computations sharing saves, against each scenario by itself."""
        return self.asked - len(self.steps)
