"""How far a session is, and what it is doing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rakuten_bench.engine.running import RunningSteps
from rakuten_bench.engine.schedule import Schedule
from rakuten_bench.engine.waiting import WaitingSteps
from rakuten_bench.executor.protocol import StepExecutor
from rakuten_bench.plan import Step
from rakuten_bench.records import Record
from rakuten_bench.units import render_duration

#: Seconds after which progress is reported even if nothing has ended.
REPORT_INTERVAL = 1.0
#: Seconds after which a step that reports nothing is named.
SILENT_SECONDS = 10.0
_ESTIMATE_INTERVAL = 0.5  # seconds between two estimates of the time left


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
        Steps whose results were stored before the run.
    seconds_left : float
    doing : str
        What the longest-running step reports, or how long it has been running; "" else.
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
class ProgressMeter:
    """Counts what has ended and describes what is running.

    Attributes
    ----------
    n_todo, n_shared : int
        As in `Progress`.
    n_computed : int
        Steps computed so far.
    """

    schedule: Schedule
    executor: StepExecutor
    running: RunningSteps
    waiting: WaitingSteps
    n_todo: int
    n_shared: int
    n_computed: int = 0
    _n_done: int = field(default=0, init=False)
    _n_failed: int = field(default=0, init=False)
    _reported: float = field(default=0.0, init=False)
    _estimated: float = field(default=-1.0, init=False)
    _seconds_left: float = field(default=0.0, init=False)

    @property
    def is_due(self) -> bool:
        """Whether nothing has been reported for an interval."""
        return time.monotonic() - self._reported > REPORT_INTERVAL

    def report(self) -> Progress:
        """Return how far the run is now."""
        now = time.monotonic()
        if now - self._estimated > _ESTIMATE_INTERVAL:
            self._estimated, self._seconds_left = now, self._estimate(now)
        return self._progress(None)

    def report_record(self, record: Record) -> Progress:
        """Count a scenario whose record is written; return how far the run is."""
        self._n_done += 1
        self._n_failed += record.status != "ok"
        return self._progress(record)

    def _progress(self, record: Record | None) -> Progress:
        self._reported = time.monotonic()
        return Progress(
            record,
            self._n_done,
            self.n_todo,
            self._n_failed,
            self.n_computed,
            self.schedule.n_left,
            self.n_shared,
            self._seconds_left,
            self._describe_activity(),
            self.executor.notice,
        )

    def _estimate(self, now: float) -> float:
        elapsed = {s.key: now - call.started for s, call in self.running.started()}
        return self.schedule.forecast(self.executor.n_workers, elapsed)

    def _describe_activity(self) -> str:
        """Return the report of the longest-running step that has one, or its duration."""
        started = self.running.started()
        for step, call in started:
            if call.report:
                return f"{_name(step)}: {call.report}"
        for step, call in started[:1]:
            seconds = time.monotonic() - call.started
            if seconds > SILENT_SECONDS:
                return f"{_name(step)}: {render_duration(seconds)} so far"
        return "" if self.running else self._describe_waiting()

    def _describe_waiting(self) -> str:
        """Say what the run waits for while it computes nothing."""
        for step in self.waiting:
            claimed = self.waiting.is_claimed(step)
            return f"{_name(step)}: {'another run computes it' if claimed else 'waits'}"
        return ""


def _name(step: Step) -> str:
    return f"{step.lever} {step.choices[-1].option}"
