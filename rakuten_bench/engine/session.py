"""One run: steps move from the schedule to the executor, and results to the records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from rakuten_bench.engine.cost import Costs
from rakuten_bench.engine.inputs import save_inputs
from rakuten_bench.engine.progress import REPORT_INTERVAL, Progress, ProgressMeter
from rakuten_bench.engine.recorder import Recorder
from rakuten_bench.engine.retention import Retention
from rakuten_bench.engine.running import RunningSteps
from rakuten_bench.engine.schedule import Ended, Schedule
from rakuten_bench.engine.task import TaskFactory
from rakuten_bench.engine.usage import Usage
from rakuten_bench.engine.waiting import POLL_INTERVAL, WaitingSteps
from rakuten_bench.engine.workload import Workload
from rakuten_bench.engine.writer import RecordWriter
from rakuten_bench.errors import UserError
from rakuten_bench.executor.fault import Fault
from rakuten_bench.executor.protocol import StepExecutor
from rakuten_bench.executor.task import Done
from rakuten_bench.plan import Step
from rakuten_bench.store.entry import Facts
from rakuten_bench.store.result import LostResult, check_space

_KEEP_INTERVAL = 100  # computed steps between two lists of what is still needed


@dataclass
class Session:
    """Runs what is left to do of a study.

    Attributes
    ----------
    workload : Workload
    executor : StepExecutor
    tasks : TaskFactory
    recorder : Recorder
    writer : RecordWriter
    retention : Retention
    usage : Usage
        Filled while the session runs.
    """

    workload: Workload
    executor: StepExecutor
    tasks: TaskFactory
    recorder: Recorder
    writer: RecordWriter
    retention: Retention
    usage: Usage
    schedule: Schedule = field(init=False)
    costs: Costs = field(init=False)
    running: RunningSteps = field(init=False)
    waiting: WaitingSteps = field(init=False)
    meter: ProgressMeter = field(init=False)

    def __post_init__(self) -> None:
        self.schedule, self.costs = self.workload.schedule, self.workload.costs
        prepared = self.workload.prepared
        self.running = RunningSteps(self.executor)
        self.waiting = WaitingSteps(prepared.store)
        self.meter = ProgressMeter(
            self.schedule,
            self.executor,
            self.running,
            self.waiting,
            n_todo=len(prepared.todo),
            n_shared=len(prepared.plan.steps) - self.schedule.n_left,
        )

    def run(self) -> Iterator[Progress]:
        """Run; each record is written as soon as its scenario ends.

        Raises
        ------
        UserError
            If nothing can be written any more, or no worker is left; finished results
            and records are kept.
        """
        self._submit_ready()
        yield self.meter.report()
        yield from self._write_records()
        while self.running or self.waiting or self.schedule.n_left:
            self._submit_ready()
            yield from self._collect()
            yield from self._write_records()
        yield from self._write_records(wait=True)
        self.retention.touch(self.recorder.facts)
        if self.meter.n_computed:
            self.retention.evict(self.schedule.needed())

    def _submit_ready(self) -> None:
        """Submit as many steps as the executor takes."""
        self._poll_waiting()
        while not self.running.is_full:
            step = self.schedule.take(self._may_run)
            if step is None:
                return
            self._submit(step)

    def _may_run(self, step: Step) -> bool:
        others = (*self.running, *self.waiting)
        return self.tasks.devices.is_free_for(step, others)

    def _submit(self, step: Step) -> None:
        task = self.tasks.task(step, self.schedule.codes(step.key))
        try:
            self.running.submit(task)
        except LostResult as error:
            fault = Fault.of(error, step)
            self._finish(step, Done(step.key, lost=error.key, fault=fault))

    def _poll_waiting(self) -> None:
        """Finish the steps that another run has stored, submit those it has released."""
        for step in self.waiting.poll():
            if self.waiting.is_stored(step):
                self.waiting.remove(step)
                self.schedule.finish(Done(step.key, computed=False))
            elif not (self.running.is_full or self.waiting.is_claimed(step)):
                self.waiting.remove(step)
                self._submit(step)

    def _collect(self) -> Iterator[Progress]:
        """Wait until a step ends, or it is time to report or to poll."""
        if not self.running and not self.waiting:
            return
        timeout = POLL_INTERVAL if self.waiting else REPORT_INTERVAL
        ended = self.running.wait(timeout)
        for step, done in ended:
            self._finish(step, done)
        if ended or self.meter.is_due or not self.waiting:
            yield self.meter.report()

    def _finish(self, step: Step, done: Done) -> None:
        """Account for the end of a step, and schedule what it allows."""
        if done.halt:
            raise UserError(done.halt)
        if done.fault and done.fault.is_bus_error:
            check_space(self.recorder.store.root)
        if done.is_busy:
            self.waiting.add(step)
            return
        if done.lost:
            self._restore_input(done.lost)
        elif done.facts:
            self._account(step, done.facts, computed=done.computed)
        elif done.fault and done.fault.is_timeout:
            self.costs.add_stopped(step, done.fault.seconds)
        self.schedule.finish(done)

    def _restore_input(self, key: str) -> None:
        """Have a lost result sent again; the schedule computes it unless it is a root."""
        self.executor.forget(key)
        if key in self.schedule.plan.roots:
            save_inputs(self.workload.prepared)

    def _account(self, step: Step, facts: Facts, *, computed: bool) -> None:
        """Add what a finished step used to the records, the history and the usage."""
        if step.key in self.recorder.facts:
            return
        noted = _note_kills(step, facts, self.schedule.n_kills[step.key])
        self.recorder.add(step, noted, computed=computed)
        if not computed:
            self.costs.add_missing(step, facts)
            return
        self.usage.add(self.costs.of(step), facts)
        self.costs.add(step, facts)
        self.meter.n_computed += 1
        if self.meter.n_computed % _KEEP_INTERVAL == 0:
            self.executor.keep(self.schedule.needed())
        self.retention.add(facts.size)
        if self.retention.is_due:
            self.retention.evict(self.schedule.needed())

    def _write_records(self, *, wait: bool = False) -> Iterator[Progress]:
        """Submit the records of ended scenarios; report those that are written.

        Parameters
        ----------
        wait : bool
            Until all of them are.
        """
        for ended in self.schedule.ended():
            self._record(ended)
        for record in self.writer.written(wait=wait):
            yield self.meter.report_record(record)

    def _record(self, ended: Ended) -> None:
        """Make a scenario's record; where a result was lost it runs again."""
        if ended.fault:
            self.writer.submit(self.recorder.failed(ended.code, ended.fault), None)
            return
        try:
            record, predictions = self.recorder.finished(ended.code)
        except LostResult as error:
            self.recorder.forget(error.key)
            self.schedule.reopen(ended.code, error.key)
        else:
            self.writer.submit(record, predictions)


def _note_kills(step: Step, facts: Facts, n_kills: int) -> Facts:
    """Note that a step was run again after its process was killed from outside."""
    if not n_kills:
        return facts
    note = f"its process was killed from outside, and it was run again: {step}"
    return msgspec.structs.replace(facts, notes=(*facts.notes, note))
