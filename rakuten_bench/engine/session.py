"""One run: steps go to an executor, and what comes back becomes records."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from rakuten_bench.engine.forecast import open_costs
from rakuten_bench.engine.inputs import save_inputs
from rakuten_bench.engine.outcome import Recorder
from rakuten_bench.engine.prepare import Prepared
from rakuten_bench.engine.schedule import Ended, Schedule
from rakuten_bench.engine.settings import Settings
from rakuten_bench.engine.stop import find_limit
from rakuten_bench.engine.writer import RecordWriter
from rakuten_bench.errors import UserError
from rakuten_bench.executor.device import find_devices
from rakuten_bench.executor.fault import Fault
from rakuten_bench.executor.protocol import Call, StepExecutor, outcome
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.plan import Step
from rakuten_bench.records import Record
from rakuten_bench.scenario.limit import Limit
from rakuten_bench.store.entry import Facts
from rakuten_bench.store.evict import evict
from rakuten_bench.store.pin import EVERYTHING, Pin, exclusive, read_pins
from rakuten_bench.store.result import LostResult, check_space
from rakuten_bench.units import render_duration

_TICK = 1.0  # seconds after which something is said even if nothing has ended
_LOOK = 0.05  # seconds between two looks at what another run is computing
_LONGEST_LOOK = 2.0  # ... where it was found free time and again, and was not
_ESTIMATE = 0.5  # seconds between two estimates of the time left
_SILENT = 10.0  # seconds after which a step that says nothing of itself is named
_KEEP = 100  # steps after which the executor is told what is still needed
_EVICT_SHARE = 0.05  # of the cache's size is written before it is looked at again


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    record : Record or None
        Of the scenario that has just ended; None where a step has, or time has passed.
    n_done, n_todo : int
        Scenarios.
    n_failed : int
        Scenarios without scores.
    n_computed, n_left : int
        Steps.
    n_shared : int
        Steps that scenarios have asked for and that were there already.
    seconds_left : float
    doing : str
        How far the longest-running step is, where it says, or how long a long one has
        run; "" else.
    notice : str
        What keeps all steps from running, and what to do; "" else.
    """

    record: Record | None
    n_done: int
    n_todo: int
    n_failed: int
    n_computed: int
    n_left: int
    n_shared: int
    seconds_left: float
    doing: str = ""
    notice: str = ""


@dataclass
class Spent:
    """What a run was thought to take, and what it took.

    Attributes
    ----------
    predicted, seconds : float
        Of all computed steps together.
    memory_predicted, memory : int
        Of the step that needed most, bytes.
    size_predicted, size : int
        Bytes written to the cache.
    n_guessed : int
        Steps of whose kind nothing was known.
    wall : float
        Seconds from start to end.
    """

    predicted: float = 0.0
    seconds: float = 0.0
    memory_predicted: int = 0
    memory: int = 0
    size_predicted: int = 0
    size: int = 0
    n_guessed: int = 0
    wall: float = 0.0


@dataclass
class Waiting:
    """A step that somebody else is at work on.

    Attributes
    ----------
    step : Step
    due : float
        When it is looked at, on the monotonic clock.
    """

    step: Step
    due: float


@dataclass
class Session:
    """Runs what is left to do of a study.

    Attributes
    ----------
    spent : Spent
        What was predicted and measured so far.
    """

    prepared: Prepared
    settings: Settings
    executor: StepExecutor
    spent: Spent = field(default_factory=Spent)

    def __post_init__(self) -> None:
        prepared = self.prepared
        self.store = prepared.store
        self.writer = RecordWriter(self.settings.results, self.store.claims)
        self._running: dict[Future[Done], Step] = {}
        self._waiting: dict[str, Waiting] = {}
        self._pauses: dict[str, float] = {}
        self._n_done = self._n_failed = self._n_computed = self._n_shared = 0
        self._written = 0
        self._estimate = (-1.0, 0.0)
        self._said = 0.0
        self._place = str(Path.cwd())
        self._start = time.monotonic()

    def run(self) -> Iterator[Progress]:
        """Run; each record is written as soon as its scenario ends.

        Raises
        ------
        UserError
            If nothing more can be written, or nobody is left to work; what is finished
            is kept.
        """
        with self._pinned(), closing(self.writer):
            self._save_inputs()
            self._begin()
            yield self._progress()
            yield from self._record_ended()
            while self._running or self._waiting or self.schedule.n_left:
                self._hand_out()
                yield from self._collect()
                yield from self._record_ended()
            yield from self._record_ended(wait=True)
            self._tidy()
        self.spent.wall = time.monotonic() - self._start

    @contextmanager
    def _pinned(self) -> Iterator[None]:
        """Keep what the plan needs from being removed while it runs."""
        plan = self.prepared.plan
        ours = self.prepared.pin  # closed where the same was run before
        self.pin = ours if ours and ours.is_open else Pin(self.store.root)
        try:
            with exclusive(self.store.root):
                self.pin.write([*plan.steps, plan.frame, *plan.targets])
            yield
        finally:
            self.pin.close()

    @property
    def _has_slot(self) -> bool:
        """Whether the executor takes more: one step at work, one in the hand."""
        return len(self._running) < 2 * self.executor.n_workers

    def _is_there(self, key: str) -> bool:
        """Tell whether a step needs no computing.

        Where workers have no access to our store only what comes home counts.
        """
        if not self.executor.shares_store and key not in self._at_home:
            return False
        return key in self.store

    def _begin(self) -> None:
        plan = self.prepared.plan
        self._at_home = plan.recorded()
        self.costs = open_costs(self.prepared)
        self.schedule = Schedule(
            plan,
            self.prepared.todo,
            self._is_there,
            lambda step: self.costs.of(step).seconds,
        )
        self._n_shared = len(plan.steps) - self.schedule.n_left
        self.devices = find_devices(
            self.settings.device, self.schedule.missing(), self.executor.ask
        )
        self._hand_out()  # workers need not wait for what only records need
        self.recorder = Recorder(
            self.prepared.study,
            plan,
            self.prepared.dataset,
            self.prepared.split,
            self.store,
            self.prepared.board,
            forced=self.settings.limit,
            n_threads=self.settings.threads,
            past_facts=self.costs.facts,
        )
        self._computed: set[str] = set()

    def _save_inputs(self) -> None:
        prepared = self.prepared
        save_inputs(
            self.store,
            prepared.plan,
            prepared.dataset,
            prepared.split,
            prepared.study.seed,
        )

    def _hand_out(self) -> None:
        """Give the executor as much as it can take."""
        self._resume_waiting()
        while self._has_slot:
            step = self.schedule.take(self._may_run)
            if step is None:
                return
            self._submit(step)

    def _may_run(self, step: Step) -> bool:
        """Tell whether a step may run now: those of the GPU run one by one."""
        if self.devices.of(step) == "cpu":
            return True
        waiting = (one.step for one in self._waiting.values())
        running = [*self._running.values(), *waiting]
        return not any(self.devices.of(other) == "cuda" for other in running)

    def _submit(self, step: Step) -> None:
        task = Task(
            step,
            self.store.root,
            self._limit(step),
            self.settings.threads,
            self.devices.of(step),
            self._place,
            self.prepared.study.folder,
        )
        try:
            self._running[self.executor.submit(task)] = step
        except LostResult as error:
            fault = Fault.of(error, step)
            self._finish(Done(step.key, lost=error.key, fault=fault), step)

    def _limit(self, step: Step) -> Limit:
        """Return what a step may use: as much as the most generous of its scenarios."""
        scenarios = [
            self.prepared.plan.scenarios[code] for code in self.schedule.codes(step.key)
        ]
        limits = self.prepared.study.limits
        return find_limit(step, scenarios, limits, self.settings.limit)

    def _resume_waiting(self) -> None:
        """Look at the steps that another run had claimed, those whose time has come."""
        now = time.monotonic()
        for key, waiting in list(self._waiting.items()):
            if waiting.due > now:
                continue
            waiting.due = now + _LOOK
            if key in self.store:
                del self._waiting[key]
                self.schedule.finish(Done(key, computed=False))
            elif self.store.claims.is_free(key) and self._has_slot:
                del self._waiting[key]
                self._submit(waiting.step)

    def _set_aside(self, step: Step) -> None:
        """Put a step aside, each time for longer: its claim may be held out of sight.

        So it is where workers have stores of their own, and with the claim on the GPU.
        """
        pause = min(2 * self._pauses.get(step.key, _LOOK / 2), _LONGEST_LOOK)
        self._pauses[step.key] = pause
        self._waiting[step.key] = Waiting(step, time.monotonic() + pause)

    def _collect(self) -> Iterator[Progress]:
        """Wait for something to end, and take note of it."""
        if not self._running and not self._waiting:
            return
        finished: set[Future[Done]] = set()
        if self._running:
            pause = _LOOK if self._waiting else _TICK
            finished, _ = wait(self._running, pause, FIRST_COMPLETED)
        else:
            time.sleep(_LOOK)
        for future in finished:
            step = self._running.pop(future)
            self._finish(outcome(future, step), step)
        is_due = time.monotonic() - self._said > _TICK
        if finished or is_due or not self._waiting:
            yield self._progress()

    def _finish(self, done: Done, step: Step) -> None:
        if done.halt:
            raise UserError(done.halt)
        if done.fault and done.fault.type == "SIGBUS":
            check_space(self.store.root)
        if done.is_busy:
            self._set_aside(step)
            return
        if done.lost:
            self.executor.forget(done.lost)
            self._restore_input(done.lost)
        elif done.facts:
            self._count(done, step)
        elif done.fault and done.fault.status == "timeout":
            self.costs.add_stopped(step, done.fault.seconds)
        self.schedule.finish(done)

    def _restore_input(self, key: str) -> None:
        plan = self.prepared.plan
        if key == plan.frame or key in plan.targets:
            self._save_inputs()

    def _count(self, done: Done, step: Step) -> None:
        """Add up what a finished step has taken."""
        facts = done.facts
        if facts is None or self.recorder.facts.get(step.key):
            return
        self.recorder.facts[step.key] = self._with_kills(facts, step)
        if not done.computed:
            if self.costs.facts(step) is None:  # computed by a run elsewhere
                self.costs.add(step, facts)
            return
        self._computed.add(step.key)
        self._n_computed += 1
        thought = self.costs.of(step)
        spent = self.spent
        spent.n_guessed += not thought.is_known
        spent.predicted += thought.seconds
        spent.seconds += facts.seconds
        spent.memory_predicted = max(spent.memory_predicted, thought.memory)
        spent.memory = max(spent.memory, facts.memory)
        spent.size_predicted += thought.size
        spent.size += facts.size
        self.costs.add(step, facts)
        if self._n_computed % _KEEP == 0:
            self.executor.keep(self.schedule.needed())
        self._written += facts.size
        if self._written > self.settings.most_bytes * _EVICT_SHARE:
            self._evict()

    def _with_kills(self, facts: Facts, step: Step) -> Facts:
        """Note that a step had to be run again."""
        if not self.schedule.n_kills[step.key]:
            return facts
        note = f"its process was killed from outside, and it was run again: {step}"
        return msgspec.structs.replace(facts, notes=(*facts.notes, note))

    def _evict(self) -> None:
        self._written = 0
        with exclusive(self.store.root):
            needed = self.schedule.needed()
            roots = [self.prepared.plan.frame, *self.prepared.plan.targets]
            self.pin.write([*self.prepared.plan.steps, *roots])
            others = read_pins(self.store.root, but=self.pin)
            if EVERYTHING in others:
                return
            evict(self.store, self.settings.most_bytes, {*needed, *roots, *others})

    def _tidy(self) -> None:
        """Note what was used, and bring the cache to its size."""
        self.store.touch([*self.recorder.facts, self.prepared.plan.frame])
        if self._n_computed:
            self._evict()

    def _record_ended(self, *, wait: bool = False) -> Iterator[Progress]:
        """Write the records of scenarios that have ended; tell of those written.

        Parameters
        ----------
        wait : bool
            Until all of them are.
        """
        for ended in self.schedule.ended():
            self._record(ended)
        for record in self.writer.written(wait=wait):
            self._n_done += 1
            self._n_failed += record.status != "ok"
            yield self._progress(record)

    def _record(self, ended: Ended) -> None:
        """Write a scenario's record; where a result has gone it runs again."""
        if ended.fault:
            failed = self.recorder.failed(ended.code, ended.fault, self._computed)
            self.writer.submit(failed, None)
            return
        try:
            record, predictions = self.recorder.finished(ended.code, self._computed)
        except LostResult as error:
            self.recorder.facts.pop(error.key, None)
            self.schedule.reopen(ended.code, error.key)
        else:
            self.writer.submit(record, predictions)

    def _progress(self, record: Record | None = None) -> Progress:
        self._said = now = time.monotonic()
        if record is None and now - self._estimate[0] > _ESTIMATE:
            spent = {step.key: now - call.since for call, step in self._at_work()}
            left = self.schedule.forecast(self.executor.n_workers, spent)
            self._estimate = now, left
        return Progress(
            record,
            self._n_done,
            len(self.prepared.todo),
            self._n_failed,
            self._n_computed,
            self.schedule.n_left,
            self._n_shared,
            self._estimate[1],
            self._doing(),
            self.executor.notice,
        )

    def _at_work(self) -> list[tuple[Call, Step]]:
        """Return what workers of this machine have begun, the first one first."""
        begun = [
            (call, step)
            for call, step in self._running.items()
            if isinstance(call, Call) and call.since < math.inf
        ]
        return sorted(begun, key=lambda one: one[0].since)

    def _doing(self) -> str:
        """Return what the longest-running step has told of itself, or how long it runs."""
        at_work = self._at_work()
        for call, step in at_work:
            if call.told:
                return f"{_name(step)}: {call.told}"
        for call, step in at_work[:1]:
            seconds = time.monotonic() - call.since
            if seconds > _SILENT:
                return f"{_name(step)}: {render_duration(seconds)} so far"
        if self._waiting and not self._running:
            step = next(iter(self._waiting.values())).step
            is_claimed = not self.store.claims.is_free(step.key)
            return (
                f"{_name(step)}: {'another run computes it' if is_claimed else 'waits'}"
            )
        return ""


def _name(step: Step) -> str:
    return f"{step.lever} {step.choices[-1].option}"
