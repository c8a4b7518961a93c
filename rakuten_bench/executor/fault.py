"""Reasons why a step has no result: an exception, a limit, or a crash."""

from __future__ import annotations

import signal
import sys
import traceback
from dataclasses import dataclass

from rakuten_bench.errors import UserError
from rakuten_bench.plan import Step
from rakuten_bench.records.schema import Failure
from rakuten_bench.store.entry import Facts

#: Fault type of calls that were running when the pool was closed.
SHUTDOWN = "Shutdown"

#: Fault type of a process that another one has ended, on Windows.
_TERMINATED = "Terminated"

#: Signals sent by other processes or users; the rest are crashes.
_SENT_BY_OTHERS = frozenset(
    {"SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", _TERMINATED}
)
#: Exit codes that `taskkill` and `psutil` set on Windows.
_SET_BY_OTHERS = (1, 15)
#: Exit codes of crashes on Windows. Source: ntstatus.h.
_CRASHES = {
    0xC0000005: "ACCESS_VIOLATION",
    0xC000001D: "ILLEGAL_INSTRUCTION",
    0xC0000094: "INTEGER_DIVIDE_BY_ZERO",
    0xC00000FD: "STACK_OVERFLOW",
    0xC0000374: "HEAP_CORRUPTION",
    0xC0000409: "STACK_BUFFER_OVERRUN",
}


class BrokenPool(UserError):
    """No worker process is left and none can be started."""


class Stopped(Exception):
    """A call terminated before it returned.

    Attributes
    ----------
    status : {"timeout", "oom", "failed"}
    type : str
        "TimeLimit", "MemoryLimit", "OutOfMemory", or the name of the signal.
    output : str
        End of the process's output, with the stack of a crash.
    seconds : float
        Run time until it stopped.
    memory : int
        Memory in use, bytes; 0 if not measured.
    """

    def __init__(self, status: str, type: str, message: str, output: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.output = output
        self.seconds = 0.0
        self.memory = 0

    def __reduce__(self) -> tuple[object, ...]:
        arguments = (self.status, self.type, str(self), self.output)
        return Stopped, arguments, {"seconds": self.seconds, "memory": self.memory}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a step has no result.

    Attributes
    ----------
    status : {"timeout", "oom", "failed"}
    type : str
        Name of the exception, or as in `Stopped`.
    step, key : str
        Description and key of the step; "" if no single step is at fault.
    seconds : float
        Run time until it failed.
    memory : int
        Memory in use, bytes; 0 if not measured.
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
        """Whether the process was killed from outside, not because of the step."""
        return self.status == "failed" and self.type in _SENT_BY_OTHERS

    @property
    def is_timeout(self) -> bool:
        """Whether the step exceeded its time limit."""
        return self.status == "timeout"

    @property
    def is_bus_error(self) -> bool:
        """Whether its process died of a page fault on a mapped file.

        A full disk causes this.
        """
        return self.type == "SIGBUS"

    @property
    def is_shutdown(self) -> bool:
        """Whether the pool was closed while the step was running."""
        return self.type == SHUTDOWN

    @property
    def failure(self) -> Failure:
        """The failure as stored in a record."""
        message = f"{self.step}: {self.message}" if self.step else self.message
        return Failure(type=self.type, message=message, traceback=self.traceback)

    def facts(self, n_threads: int) -> Facts:
        """Return the facts of the failed step: its run time is a lower bound."""
        return Facts(
            seconds=self.seconds,
            memory=self.memory,
            step=self.step,
            n_threads=n_threads,
        )

    @classmethod
    def of(cls, error: BaseException, step: Step, seconds: float = 0.0) -> Fault:
        """Return the fault of a step that raised an exception or was stopped."""
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


def name_exit(code: int) -> tuple[str, str]:
    """Return the fault type of a process that has exited, and a description.

    Parameters
    ----------
    code : int
        Exit code; that of a signal is negative.
    """
    if code < 0:
        name = _name_signal(-code)
        return name, f"killed by {name}"
    if sys.platform == "win32":
        if code in _CRASHES:
            return _CRASHES[code], f"crashed ({_CRASHES[code]})"
        if code in _SET_BY_OTHERS:
            return _TERMINATED, f"ended by another program (code {code})"
    return "ProcessExit", f"exited with code {code}"


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
