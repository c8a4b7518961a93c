"""Run one step in a worker: claim it, read its inputs, compute, store its result."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path

from rakuten_bench.executor.device import find_gpu
from rakuten_bench.executor.fault import Fault
from rakuten_bench.executor.maker import Maker
from rakuten_bench.executor.memory import PeakMemory
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.executor.worker import report_storing
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

#: Results of at least this size are not stored if they are faster to compute than to load.
_MIN_RECOMPUTE_SIZE = 1 << 20
_MIN_OVERLAP_SIZE = 1 << 18  # bytes: smaller ones are written before a step could start
_DISK_SPEED = 1e9  # bytes per second, of a good SSD: too optimistic for slower disks

_GPU = "gpu-0000000000000001"  # key of its claim


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
            claims.enter_context(store.claims.hold(claim)) for claim in _claims(task)
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
    """Change to the run's working folder: variables may have paths relative to it."""
    if folder and folder != _here() and Path(folder).is_dir():
        os.chdir(folder)


def _here() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:  # folder of an earlier run that was removed
        return ""


def _compute(task: Task, store: Store) -> Done:
    key = task.step.key
    start = time.perf_counter()
    try:
        return Done(key, _make(task, store))
    except LostResult as error:
        return Done(key, lost=error.key, fault=Fault.of(error, task.step))
    except Exception as error:  # any error of an option becomes a typed failure
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
    """Return whether an error concerns a file in a folder."""
    return folder in Path(str(error.filename)).parents


def _make(task: Task, store: Store) -> Facts:
    """Compute a step and store its value; return its facts."""
    step = task.step
    peak = PeakMemory()
    start = time.perf_counter()
    with noted() as notes:
        value = Maker(store, task.n_threads, task.device, task.base).compute(step)
    if store.was_damaged(step.key):
        notes.append(f"a stored result was damaged and has been recomputed: {step}")
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
    """Store a value, or only its step if loading would take longer than computing."""
    start = time.perf_counter()
    encoded = encode(value, store.folder(step.key))
    seconds = time.perf_counter() - start
    may_recompute = not find_kind(step.kind).is_last and facts.device == "cpu"
    if may_recompute and is_cheaper(facts.seconds, encoded, seconds):
        return store.save_recompute(step.key, step, facts)
    if encoded.size >= _MIN_OVERLAP_SIZE:
        report_storing()
    return store.write(step.key, encoded, facts)


def is_cheaper(seconds: float, encoded: Encoded, encode_seconds: float) -> bool:
    """Return whether recomputing a value is faster than loading it.

    Decoding is assumed to take as long as encoding, plus reading at the disk's speed.
    """
    if encoded.size < _MIN_RECOMPUTE_SIZE or encoded.files:
        return False
    return seconds < encode_seconds + encoded.size / _DISK_SPEED
