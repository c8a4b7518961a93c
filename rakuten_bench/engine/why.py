"""Why a scenario would run again: changes since its record, and their consequences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from rakuten_bench.engine.prepare import Prepared, prepare
from rakuten_bench.engine.settings import Settings
from rakuten_bench.plan import Step
from rakuten_bench.plan.key_parts import find_key_parts, module_file
from rakuten_bench.records import Record, StepCost
from rakuten_bench.registry.value import plain_json
from rakuten_bench.scenario import Scenario, find_option
from rakuten_bench.scenario.load import StudySpec
from rakuten_bench.wording.words import number

_SHOWN = 3  # files of one step


@dataclass(frozen=True, slots=True)
class Reason:
    """A step, or an input of all steps, and how it changed."""

    subject: str
    changes: tuple[str, ...]


@dataclass
class Answer:
    """Changes since a record was written.

    Attributes
    ----------
    code : str
        Of the scenario.
    reasons : list of Reason
    again, following : list of str
        Steps that would be computed; those of them that only depend on others.
    n_steps : int
    n_cached : int
        Number of `again` steps that are cached.
    status : str
        Of the record.
    is_current : bool
        Whether the record is up to date.
    """

    code: str
    status: str
    is_current: bool
    n_steps: int = 0
    n_cached: int = 0
    reasons: list[Reason] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    following: list[str] = field(default_factory=list)


def explain(record: Record, study: StudySpec, settings: Settings) -> Answer:
    """Compare a record with what a study would run now.

    Parameters
    ----------
    record : Record
    study : StudySpec
        Of one scenario.
    settings : Settings

    Raises
    ------
    UserError
        If the data can't be loaded.
    """
    prepared = prepare(study, settings, check=False)
    scenario = study.scenarios[0]
    answer = Answer(
        scenario.code,
        record.status,
        record.key == prepared.plan.record_key(scenario.code),
    )
    chosen = _choices(record, scenario)
    answer.reasons += [*_ground(record, prepared), *chosen]
    levers = {reason.subject.partition(" ")[0] for reason in chosen}
    _compare_steps(record, prepared, answer, levers)
    return answer


def _ground(record: Record, prepared: Prepared) -> list[Reason]:
    """Compare the inputs of all steps: data, split, seed."""
    n_rows = len(prepared.dataset.frame)
    pairs = {
        "data": (
            f"{number(record.dataset.n_rows, 'row')} {record.dataset.fingerprint[:8]}",
            f"{number(n_rows, 'row')} {prepared.dataset.fingerprint[:8]}",
        ),
        "split": (
            f"{record.split.scheme} {record.split.fingerprint[:8]}",
            f"{prepared.split.scheme} {prepared.split.fingerprint[:8]}",
        ),
        "seed": (str(record.seed), str(prepared.study.seed)),
    }
    return [
        Reason(subject, (f"{before} -> {now}",))
        for subject, (before, now) in pairs.items()
        if before != now
    ]


def _choices(record: Record, scenario: Scenario) -> list[Reason]:
    """Compare options and parameters."""
    found = []
    for choice in scenario.choices:
        before = record.levers.get(choice.lever, "")
        if before != choice.option:
            change = f"option {before or '(none)'} -> {choice.option}"
            found.append(Reason(choice.lever, (change,)))
        else:
            old, new = record.params.get(choice.lever, {}), choice.arguments
            changes = _differences(old, new)
            if changes:
                found.append(Reason(f"{choice.lever} {choice.option}", changes))
    return found


def _differences(
    old: Mapping[str, object], new: Mapping[str, object]
) -> tuple[str, ...]:
    return tuple(
        f"parameter {name}: {old.get(name, 'default')} -> {new.get(name, 'default')}"
        for name in sorted({*old, *new})
        if _plain(old.get(name)) != _plain(new.get(name))
    )


def _plain(value: object) -> bytes:
    """Return a value as in a record, with tuples as lists."""
    return msgspec.json.encode(plain_json(value), order="deterministic")


def _compare_steps(
    record: Record, prepared: Prepared, answer: Answer, chosen: Collection[str]
) -> None:
    """Find the steps that would be computed, and why.

    Parameters
    ----------
    chosen : collection of str
        Levers whose option or parameters changed: already reported.
    """
    plan = prepared.plan
    before = _by_identity(record.steps)
    keys = plan.ancestors(plan.outputs[answer.code])
    answer.n_steps = len(keys)
    for step in (plan.steps[key] for key in keys):
        same = before.get(_identity(step))
        cost = same.pop(0) if same else None
        if cost is not None and cost.key == step.key and not cost.failed:
            continue
        answer.again.append(str(step))
        answer.n_cached += step.key in prepared.store
        changes = _own_changes(record, step, cost, prepared.study.folder)
        if changes:
            answer.reasons.append(Reason(str(step), changes))
        elif not any(choice.lever in chosen for choice in step.choices):
            answer.following.append(str(step))


def _by_identity(costs: Sequence[StepCost]) -> dict[bytes, list[StepCost]]:
    found: dict[bytes, list[StepCost]] = defaultdict(list)
    for cost in costs:
        found[_plain([cost.lever, cost.option, cost.params, cost.fold])].append(cost)
    return found


def _identity(step: Step) -> bytes:
    """Return the name of a step, without its parameters."""
    option = " + ".join(choice.option for choice in step.choices)
    params = {
        choice.lever: choice.arguments for choice in step.choices if choice.params
    }
    return _plain([step.lever, option, params, str(step.fold or "")])


def _own_changes(
    record: Record, step: Step, cost: StepCost | None, base: Path
) -> tuple[str, ...]:
    """Return the differences of a step's key parts, without its inputs."""
    if cost is None:
        return ()
    if cost.key == step.key:
        return ("failed",)
    modules: dict[str, None] = {}
    packages: dict[str, None] = {}
    file = ""
    for choice in step.choices:
        parts = find_key_parts(find_option(step.modality, choice), choice, base)
        modules |= dict.fromkeys(_changed_modules(record, parts.sources))
        packages |= dict.fromkeys(_changed_packages(record, parts.versions))
        file += parts.file
    changes = [*packages, *_render_files(modules)]
    if file != cost.file:
        changes.append("the files that it reads")
    return tuple(changes)


def _changed_modules(record: Record, sources: Mapping[str, str]) -> list[str]:
    """Return the modules whose source differs from the record's."""
    return [
        module
        for module, text in sources.items()
        if not record.sources.get(module) or not text.startswith(record.sources[module])
    ]


def _changed_packages(record: Record, versions: Mapping[str, str]) -> list[str]:
    before = record.provenance.packages if record.provenance else {}
    return [
        f"package {name} {before.get(name, '(none)')} -> {version}"
        for name, version in versions.items()
        if before.get(name) != version
    ]


def _render_files(modules: Iterable[str]) -> list[str]:
    files = [module_file(module) for module in modules]
    if not files:
        return []
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return [f"source of {', '.join(files[:_SHOWN])}{more}"]
