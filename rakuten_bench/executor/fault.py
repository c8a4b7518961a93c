"""Why a step has no result: what it raised, or what stopped it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from rakuten_bench.errors import UserError
from rakuten_bench.plan import Step
from rakuten_bench.records.schema import Failure
from rakuten_bench.store.entry import Facts

#: Type of what was still at work when the pool was closed.
SHUTDOWN = "Shutdown"

#: Signals by which others end a process; the rest are its own crashes.
_SENT_BY_OTHERS = frozenset({"SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"})


class BrokenPool(UserError):
    """There are no worker processes, and there will be none."""


class Stopped(Exception):
    """A call terminated before it returned.

    Attributes
    ----------
    status : {"timeout", "oom", "failed"}
    type : str
        "TimeLimit", "MemoryLimit", "OutOfMemory", or the signal that ended it.
    output : str
        The end of what its process printed; for a crash this has the stack.
    seconds : float
        How long it had run.
    memory : int
        Bytes that it held; 0 where nobody has looked.
    """

    def __init__(self, status: str, type: str, message: str, output: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.output = output
        self.seconds = 0.0
        self.memory = 0

    def __reduce__(self) -> tuple[object, ...]:
        words = (self.status, self.type, str(self), self.output)
        return Stopped, words, {"seconds": self.seconds, "memory": self.memory}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a step has no result.

    Attributes
    ----------
    status : {"timeout", "oom", "failed"}
    type : str
        Name of the exception, or as in `Stopped`.
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
        """Whether its process was killed from outside, by no fault of the step."""
        return self.status == "failed" and self.type in _SENT_BY_OTHERS

    @property
    def is_timeout(self) -> bool:
        """Whether the step exceeded its time limit."""
        return self.status == "timeout"

    @property
    def is_bus_error(self) -> bool:
        """Whether its process died of a page that could not be read or written.

        A full disk does that to a mapped file.
        """
        return self.type == "SIGBUS"

    @property
    def is_shutdown(self) -> bool:
        """Whether the pool was closed while the step was running."""
        return self.type == SHUTDOWN

    @property
    def failure(self) -> Failure:
        """What a record keeps of it."""
        message = f"{self.step}: {self.message}" if self.step else self.message
        return Failure(type=self.type, message=message, traceback=self.traceback)

    def facts(self, n_threads: int) -> Facts:
        """Return what is known of the step: it took as long as it had run."""
        return Facts(
            seconds=self.seconds,
            memory=self.memory,
            step=self.step,
            n_threads=n_threads,
        )

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
