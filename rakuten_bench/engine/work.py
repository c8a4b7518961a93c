"""One step in a worker: read its inputs, compute, write its result."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from rakuten_bench.engine.store import Facts, LostResult, Store
from rakuten_bench.errors import UserError
from rakuten_bench.pipeline import run_step
from rakuten_bench.pipeline.fitting import noted
from rakuten_bench.plan import Step


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a step has no result."""

    status: str
    type: str
    message: str
    traceback: str
    step: str

    @classmethod
    def of(cls, error: BaseException, step: Step) -> Fault:
        """Describe an error that a step raised."""
        text = "" if isinstance(error, UserError) else _traceback(error)
        status = "oom" if isinstance(error, MemoryError) else "failed"
        message = str(error) or type(error).__name__
        return cls(status, type(error).__name__, message, text, str(step))


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker says of a step: its facts, or why it has no result.

    Attributes
    ----------
    lost : str
        Key of an input that is not there or damaged and must be computed again.
    """

    key: str
    facts: Facts | None = None
    fault: Fault | None = None
    lost: str = ""


def work(step: Step, root: Path, *, n_jobs: int = 1, device: str = "cpu") -> Done:
    """Compute a step whose inputs are in the store, and store its value."""
    store = Store(root)
    peak = PeakMemory()
    start = time.perf_counter()
    try:
        with noted() as notes:
            slots = read_inputs(store, step)
            value = run_step(
                step, slots, n_jobs=n_jobs, device=device, folder=store.folder(step.key)
            )
    except LostResult as error:
        return Done(step.key, fault=Fault.of(error, step), lost=error.key)
    except Exception as error:  # whatever an option raises becomes a typed row
        return Done(step.key, fault=Fault.of(error, step))
    facts = Facts(
        seconds=time.perf_counter() - start,
        memory=peak.bytes(),
        step=str(step),
        notes=tuple(notes),
    )
    return Done(step.key, store.save(step.key, value, facts))


def read_inputs(store: Store, step: Step) -> dict[str, Any]:
    """Return the value of each slot that a step reads."""
    slots = {}
    for one in step.inputs:
        value = store.load(one.key)
        slots[one.slot] = value[one.part] if one.part else value
    return slots


class PeakMemory:
    """Highest resident memory of this process since the object was made.

    Linux can reset the high-water mark of a process; elsewhere the current size stands
    in for it.
    """

    def __init__(self) -> None:
        self._status = Path("/proc/self/status")
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            self._status = Path()

    def bytes(self) -> int:
        """Return the peak."""
        if self._status.is_file():
            for line in self._status.read_text(encoding="ascii").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return int(psutil.Process().memory_info().rss)


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
