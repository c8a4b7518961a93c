"""Forecast of a run's cost, from earlier costs of its steps."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from rakuten_bench.engine.prepare import Prepared
from rakuten_bench.engine.workload import Workload
from rakuten_bench.scenario import Choice, find_option
from rakuten_bench.types import Effort

#: Seconds from which a step is reported as slow.
_SLOW = 120.0


@dataclass
class Forecast:
    """The remaining steps of a study, and their forecast cost.

    Attributes
    ----------
    missing : Counter of str
        Steps to compute, by lever.
    seconds : float
        Of all of them together.
    wall : float
        Seconds from start to end, with parallel steps.
    memory : int
        Bytes of the largest step, times the number of parallel steps.
    size : int
        Bytes written to the cache.
    n_unknown : int
        Steps without history here: their seconds are guesses, and their bytes are not
        counted if no other option of the lever has run.
    by_lever : dict of str to float
        Seconds.
    slow : dict of Choice to (float, Effort)
        Choices with a declared effort, with the seconds of one step.
    lacking : dict of Choice to str
        Choices that can't run on this machine, with what they lack.
    """

    missing: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    wall: float = 0.0
    memory: int = 0
    size: int = 0
    n_unknown: int = 0
    by_lever: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    slow: dict[Choice, tuple[float, Effort]] = field(default_factory=dict)
    lacking: dict[Choice, str] = field(default_factory=dict)


def forecast(prepared: Prepared, n_workers: int) -> Forecast:
    """Return what a run would compute and its forecast cost; nothing is run."""
    workload = Workload.of(prepared)
    costs, schedule = workload.costs, workload.schedule
    found = Forecast(wall=schedule.forecast(n_workers))
    for step in schedule.missing():
        cost = costs.of(step)
        found.missing[step.lever] += 1
        found.by_lever[step.lever] += cost.seconds
        found.seconds += cost.seconds
        found.memory = max(found.memory, cost.memory * n_workers)
        found.size += cost.size
        found.n_unknown += not cost.is_known
        effort = costs.effort_of(step)
        if effort and cost.seconds >= _SLOW:
            known = found.slow.get(step.choices[-1], (0.0, effort))
            found.slow[step.choices[-1]] = (max(known[0], cost.seconds), effort)
    found.lacking = find_lacking(workload)
    return found


def find_lacking(workload: Workload) -> dict[Choice, str]:
    """Return the choices that can't work on this machine, and what it lacks."""
    base = workload.prepared.study.folder
    choices = dict.fromkeys(
        (step.modality, one)
        for step in workload.schedule.missing()
        for one in step.choices
    )
    said = {
        choice: find_option(modality, choice).find_missing(choice.arguments, base)
        for modality, choice in choices
    }
    return {choice: words for choice, words in said.items() if words}
