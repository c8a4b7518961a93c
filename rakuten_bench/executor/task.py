"""A step on its way to a worker, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rakuten_bench.executor.fault import Fault
from rakuten_bench.plan import Step
from rakuten_bench.scenario.limit import Limit
from rakuten_bench.store.entry import Facts


@dataclass(frozen=True, slots=True)
class Task:
    """A step to compute.

    Attributes
    ----------
    step : Step
    root : Path
        Folder of the store; absolute.
    limit : Limit
    n_threads : int
        Threads that an option may use.
    device : {"cpu", "cuda"}
        Where an option runs that can use either.
    working_folder : str
        Of the run; "" for that of the worker.
    base : Path or None
        The scenario file's folder: files named in parameters start from it.
    """

    step: Step
    root: Path
    limit: Limit = field(default_factory=Limit)
    n_threads: int = 1
    device: str = "cpu"
    working_folder: str = ""
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a task: the facts of its step, or why it has no result.

    Attributes
    ----------
    key : str
        Of the step.
    facts : Facts or None
        Of the result, which is in the store.
    computed : bool
        Whether it was computed now; False where another run had just done so.
    fault : Fault or None
    lost : str
        Key of an input that is not there or damaged and must be computed again.
    is_busy : bool
        Whether another run has claimed the step, or the worker could not take it.
    halt : str
        Why the whole run can't go on, in words for the user; "" where it can.
    """

    key: str
    facts: Facts | None = None
    computed: bool = True
    fault: Fault | None = None
    lost: str = ""
    is_busy: bool = False
    halt: str = ""
