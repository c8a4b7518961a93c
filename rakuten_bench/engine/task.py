"""The task of a step: where it runs, on what device, and within which limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rakuten_bench.engine.stop import find_limit
from rakuten_bench.executor.device import Devices
from rakuten_bench.executor.task import Task
from rakuten_bench.plan import Plan, Step
from rakuten_bench.scenario.limit import Limit
from rakuten_bench.scenario.load import StudySpec


def _working_folder() -> str:
    return str(Path.cwd())


@dataclass(frozen=True)
class TaskFactory:
    """Makes the tasks of a run.

    Attributes
    ----------
    root : Path
        Folder of the store.
    forced : Limit
        From the command line.
    n_threads : int
        Numeric threads of each step.
    working_folder : str
    """

    study: StudySpec
    plan: Plan
    root: Path
    devices: Devices
    forced: Limit = field(default_factory=Limit)
    n_threads: int = 1
    working_folder: str = field(default_factory=_working_folder)

    def task(self, step: Step, codes: Iterable[str]) -> Task:
        """Return the task of a step, with the loosest limit of some scenarios."""
        return Task(
            step,
            self.root,
            self._limit(step, codes),
            self.n_threads,
            self.devices.of(step),
            self.working_folder,
            self.study.folder,
        )

    def _limit(self, step: Step, codes: Iterable[str]) -> Limit:
        scenarios = [self.plan.scenarios[code] for code in codes]
        return find_limit(step, scenarios, self.study.limits, self.forced)
