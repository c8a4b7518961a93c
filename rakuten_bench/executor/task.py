"""Task that is sent to a worker, and the result that it returns."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from pathlib import Path

from rakuten_bench.executor.fault import BrokenPool, Fault
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
        Device for options that can use either.
    working_folder : str
        Working directory of the run; "" to keep that of the worker.
    base : Path or None
        Folder of the scenario file: relative file names in parameters refer to it.
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
    """The outcome of a task: the facts of its result, or why there is none.

    Attributes
    ----------
    key : str
        Of the step.
    facts : Facts or None
        Facts of the stored result.
    computed : bool
        Whether this task computed it; False if another run has just done so.
    fault : Fault or None
    lost : str
        Key of a missing or damaged input, which must be recomputed.
    is_busy : bool
        Whether to submit the step again later: claimed by another run, or not accepted
        by the worker.
    halt : str
        Message why the whole run must stop; "" if it can continue.
    """

    key: str
    facts: Facts | None = None
    computed: bool = True
    fault: Fault | None = None
    lost: str = ""
    is_busy: bool = False
    halt: str = ""

    @classmethod
    def of(cls, call: Future[Done], step: Step) -> Done:
        """Return the result of a call; if its process died, the fault."""
        try:
            return call.result()
        except BrokenPool as error:
            return cls(step.key, halt=str(error))
        except CancelledError:  # says nothing about the step
            halt = (
                "another run of this process closed the workers. Run again to continue."
            )
            return cls(step.key, halt=halt)
        except Exception as error:  # a crash or a limit: becomes a typed failure
            return cls(step.key, fault=Fault.of(error, step))
