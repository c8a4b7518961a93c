"""Limits of a step, and whether a stopped one would be stopped again."""

from __future__ import annotations

from collections.abc import Iterable

from rakuten_bench.cores import count_cores
from rakuten_bench.plan import Plan, Step
from rakuten_bench.records import Row, Stop
from rakuten_bench.scenario import Scenario
from rakuten_bench.scenario.limit import Limit, Limits

#: Statuses of scenarios with a step that was stopped.
STOPPED = ("timeout", "oom")


def find_limit(
    step: Step, scenarios: Iterable[Scenario], limits: Limits, forced: Limit
) -> Limit:
    """Return the limit of a step: the least restrictive of its scenarios.

    Parameters
    ----------
    limits : Limits
        Of the scenario file.
    forced : Limit
        From the command line.
    """
    return forced.over(
        Limit.loosest(limits.of(_options(step, one), one.limit) for one in scenarios)
    )


def describe_stop(
    plan: Plan, code: str, key: str, limits: Limits, forced: Limit
) -> Stop:
    """Return the present limit of a step of a scenario."""
    import psutil

    step = plan.steps.get(key)
    scenario = plan.scenarios[code]
    limit = find_limit(step, [scenario], limits, forced) if step else Limit()
    return Stop(
        step=key,
        time=limit.time,
        memory=limit.memory,
        n_cores=count_cores(),
        machine_memory=psutil.virtual_memory().total,
    )


def may_pass_now(row: Row, plan: Plan, limits: Limits, forced: Limit) -> bool:
    """Return whether the limits of a stopped step, or the machine, have changed.

    False if the record lacks them.
    """
    before = row.stopped
    if row.status not in STOPPED or before is None:
        return False
    now = describe_stop(plan, row.code, before.step, limits, forced)
    machine = (now.n_cores, now.machine_memory)
    if machine != (before.n_cores, before.machine_memory):
        return True
    if row.status == "timeout":
        return now.time != before.time
    return now.memory != before.memory


def _options(step: Step, scenario: Scenario) -> list[tuple[str, str]]:
    """Return the options whose limits apply to a step, as (lever, option).

    Preparations and members of an option get the limits of that option: the descriptors
    before `sift_bovw` those of `sift_bovw`.
    """
    applied = [(choice.lever, choice.option) for choice in step.choices]
    levers = {lever for lever, _ in applied}
    named = [
        (choice.lever, choice.option)
        for part in scenario.parts
        if part.modality == step.modality
        for choice in part.choices
        if choice.lever in levers
    ]
    return applied if set(applied) & set(named) else applied + named
