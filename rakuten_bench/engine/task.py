"""A step on its way to a worker, and what comes back."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from pathlib import Path

from rakuten_bench.engine.entry import Facts
from rakuten_bench.engine.pool import Stopped
from rakuten_bench.errors import UserError
from rakuten_bench.plan import Step
from rakuten_bench.scenario.limit import Limit


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
    place : str
        The working folder of the run.
    base : Path or None
        The scenario file's folder: files named in parameters start from it.
    """

    step: Step
    root: Path
    limit: Limit = field(default_factory=Limit)
    n_threads: int = 1
    device: str = "cpu"
    place: str = ""
    base: Path | None = None


#: Signals by which others end a process; the rest are its own crashes.
_SENT_BY_OTHERS = frozenset({"SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a step has no result.

    Attributes
    ----------
    step, key : str
        In words, and its key; "" where it was no one step's fault.
    seconds : float
        How long it had run.
    memory : int
        Bytes that it held; 0 where nobody has looked.
    """

    status: str
    type: str
    message: str
    traceback: str
    step: str
    key: str = ""
    seconds: float = 0.0
    memory: int = 0

    @property
    def is_killed(self) -> bool:
        """Whether somebody else ended its process: by no fault of the step."""
        return self.status == "failed" and self.type in _SENT_BY_OTHERS

    @classmethod
    def of(cls, error: BaseException, step: Step, seconds: float = 0.0) -> Fault:
        """Describe what a step raised, or what stopped it."""
        if isinstance(error, Stopped):
            return cls(
                error.status,
                error.type,
                str(error),
                error.output,
                str(step),
                step.key,
                error.seconds,
                error.memory,
            )
        text = "" if isinstance(error, UserError) else _traceback(error)
        status = "oom" if isinstance(error, MemoryError) else "failed"
        message = str(error) or type(error).__name__
        name = type(error).__name__
        return cls(status, name, message, text, str(step), step.key, seconds)


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker says of a step: its facts, or why it has no result.

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
        Whether another run is at work on this very step.
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
