"""One step in a worker: claim it, read its inputs, compute, write its result."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path

from rakuten_bench.executor.device import find_gpu
from rakuten_bench.executor.fault import Fault
from rakuten_bench.executor.local.memory import PeakMemory
from rakuten_bench.executor.local.worker import tell_storing
from rakuten_bench.executor.maker import Maker
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.pipeline.fitting import noted
from rakuten_bench.pipeline.kind import find_kind
from rakuten_bench.plan import Step
from rakuten_bench.store.access import NoAccess, no_access
from rakuten_bench.store.codec import Encoded, encode
from rakuten_bench.store.entry import Facts, ForeignPickle
from rakuten_bench.store.result import (
    FullDisk,
    LostResult,
    Store,
    cannot_write,
    is_full,
)

#: Not stored: what is at least this large and faster to compute than to load.
_LEAST_SIZE = 1 << 20
_WORTH_TELLING = 1 << 18  # bytes: less is written before the next step could start
_DISK_SPEED = 1e9  # bytes per second, of a good disk: slower ones are judged too well

_GPU = "gpu-0000000000000001"  # its key among the claims


def work(task: Task) -> Done:
    """Compute a step whose inputs are in the store, and store its value."""
    _enter(task.working_folder)
    try:
        return _claim_and_compute(task)
    except NoAccess as error:
        return Done(task.step.key, halt=str(error))


def _claim_and_compute(task: Task) -> Done:
    store = Store(task.root)
    key = task.step.key
    with ExitStack() as claims:
        claimed = [
            claims.enter_context(store.claims.hold(one)) for one in _claims(task)
        ]
        if not all(claimed):
            return Done(key, is_busy=True)
        facts = store.facts(key)
        if facts is not None:
            return Done(key, facts, computed=False)
        return _compute(task, store)


def _claims(task: Task) -> list[str]:
    return [task.step.key, *([_GPU] if task.device == "cuda" else [])]


def _enter(folder: str) -> None:
    """Work where the run was started: environment variables may name files from there."""
    if folder and folder != _here() and Path(folder).is_dir():
        os.chdir(folder)


def _here() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:  # the folder of an earlier run, removed since
        return ""


def _compute(task: Task, store: Store) -> Done:
    key = task.step.key
    start = time.perf_counter()
    try:
        return Done(key, _make(task, store))
    except LostResult as error:
        return Done(key, lost=error.key, fault=Fault.of(error, task.step))
    except Exception as error:  # whatever an option raises becomes a typed row
        if isinstance(error, OSError) and is_full(error):
            error = cannot_write(store.root, error)
        elif isinstance(error, PermissionError) and _is_inside(error, store.root):
            error = no_access(store.root, error)
        halt = (
            str(error) if isinstance(error, FullDisk | ForeignPickle | NoAccess) else ""
        )
        seconds = time.perf_counter() - start
        return Done(key, halt=halt, fault=Fault.of(error, task.step, seconds))


def _is_inside(error: OSError, folder: Path) -> bool:
    """Tell whether an error is about a file in a folder."""
    return folder in Path(str(error.filename)).parents


def _make(task: Task, store: Store) -> Facts:
    """Compute and store; return what it took."""
    step = task.step
    peak = PeakMemory()
    start = time.perf_counter()
    with noted() as notes:
        value = Maker(store, task.n_threads, task.device, task.base).compute(step)
    if store.was_damaged(step.key):
        notes.append(f"a stored result was damaged and has been computed again: {step}")
    facts = Facts(
        seconds=time.perf_counter() - start,
        memory=peak.bytes(),
        step=str(step),
        lever=step.lever,
        notes=tuple(notes),
        n_threads=task.n_threads,
        device=task.device,
        gpu=find_gpu() if task.device == "cuda" else "",
    )
    return _keep(store, step, value, facts)


def _keep(store: Store, step: Step, value: object, facts: Facts) -> Facts:
    """Store a value, or only how to make it where loading it would take longer."""
    start = time.perf_counter()
    encoded = encode(value, store.folder(step.key))
    seconds = time.perf_counter() - start
    may_leave = not find_kind(step.kind).is_last and facts.device == "cpu"
    if may_leave and is_cheaper(facts.seconds, encoded, seconds):
        return store.save_recompute(step.key, step, facts)
    if encoded.size >= _WORTH_TELLING:
        tell_storing()
    return store.write(step.key, encoded, facts)


def is_cheaper(seconds: float, encoded: Encoded, encode_seconds: float) -> bool:
    """Tell whether computing a value again takes less than loading it.

    Decoding takes about as long as encoding did; the arrays come at the disk's speed.
    """
    if encoded.size < _LEAST_SIZE or encoded.files:
        return False
    return seconds < encode_seconds + encoded.size / _DISK_SPEED
