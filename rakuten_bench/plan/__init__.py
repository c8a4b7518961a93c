"""The plan: a graph of steps that computes all scenarios, each shared step once.

A plan runs nothing. Its steps form a dataflow graph over *slots* (`frame`, `languages`,
`texts`, `corpus`, `features`, `prediction`): a step reads the values of some slots and
writes others. A step's key is a hash of its options, their source and versions, and the
keys of its inputs. Scenarios that start with the same options therefore share their
first steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rakuten_bench.plan.digest import digest
from rakuten_bench.plan.fold import FoldName
from rakuten_bench.plan.slot import Slot
from rakuten_bench.registry import StepKind
from rakuten_bench.scenario import Choice, Scenario
from rakuten_bench.types import Modality


@dataclass(frozen=True, slots=True)
class Input:
    """The source of a value that a step reads.

    Attributes
    ----------
    slot : Slot
    key : str
        Key of the step or root that produces it.
    part : str
        The slot to read, if that step writes several; else "".
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
        The fold that it learns on; None for a step over all rows.
    seed : int
        Random state of its options.
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
        options = " + ".join(str(choice) for choice in self.choices)
        fold = f" [fold {self.fold}]" if self.fold else ""
        return f"{self.lever} {options}{fold}"


@dataclass(frozen=True)
class Plan:
    """Steps in topological order.

    Attributes
    ----------
    steps : mapping of key to Step
    frame : str
        Key of the data set's table.
    targets : mapping of key to FoldName
        Fold of each root with labels and rows.
    outputs : mapping of code to tuple of str
        For each scenario the key of its prediction in each fold.
    languages : Input or None
        The languages of all rows, for scores by language.
    scenarios : mapping of code to Scenario
    asked : int
        Number of steps without sharing between scenarios.
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
        """Keys of inputs that no step computes: the table, and each fold's target."""
        return self.frame, *self.targets

    def ancestors(self, keys: Iterable[str]) -> list[str]:
        """Return steps and all their ancestors, in topological order."""
        ordered: dict[str, None] = {}

        def visit(key: str) -> None:
            if key in ordered or key not in self.steps:
                return
            for source in self.steps[key].inputs:
                visit(source.key)
            ordered[key] = None

        for key in keys:
            visit(key)
        return list(ordered)

    def recorded(self) -> frozenset[str]:
        """Return the keys of the results that records are built from."""
        keys = {key for fold_keys in self.outputs.values() for key in fold_keys}
        return frozenset(keys | ({self.languages.key} if self.languages else set()))

    def record_key(self, code: str) -> str:
        """Return the key of a scenario's record: a hash of the keys of its outputs."""
        return digest(*self.outputs[code])

    @property
    def n_shared(self) -> int:
        """Number of step computations that sharing between scenarios saves."""
        return self.asked - len(self.steps)
