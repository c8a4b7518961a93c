"""Merge scenarios into one plan and derive the key of every step."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rakuten_bench.plan import Input, Plan, Step
from rakuten_bench.plan.digest import digest
from rakuten_bench.plan.fold import FoldName
from rakuten_bench.plan.key_parts import find_key_parts, numpy_version
from rakuten_bench.plan.slot import Slot
from rakuten_bench.plan.source import source_digest
from rakuten_bench.registry import DETECTOR, FLOW, Option
from rakuten_bench.scenario import Choice, Scenario, find_option
from rakuten_bench.scenario.plugin import Plugins
from rakuten_bench.types import INPUT_COLUMNS, Modality

#: The sources of the slots that earlier steps have written, by the name of the slot.
Slots = dict[str, Input]

#: Module that divides training rows into inner folds. These have no fingerprint, unlike
#: the split: its source, NumPy's version and the seed identify them.
_INNER_SPLITTER = "rakuten_bench.data.split"


def build_plan(  # noqa: PLR0913  (one argument per fact that a plan depends on)
    scenarios: Sequence[Scenario],
    *,
    dataset: str,
    split: str,
    folds: Sequence[str],
    seed: int,
    detect_languages: bool = False,
    has_validation: bool = False,
    base: Path | None = None,
) -> Plan:
    """Merge scenarios into a plan.

    Parameters
    ----------
    scenarios : sequence of Scenario
    dataset, split : str
        Fingerprints.
    folds : sequence of str
        Names of the split's folds.
    seed : int
        Seed of the run.
    detect_languages : bool
        Whether the plan also detects the language of each row, for scores by language;
        not needed if the data set has a language column.
    has_validation : bool
        Whether the folds have validation rows, which searches and fusions then use for
        model selection in place of inner folds.
    base : Path or None
        Folder that paths in parameters are relative to; None for the working directory.

    Raises
    ------
    MissingPackage
        If an option's package is not installed.
    """
    builder = _Builder(dataset, split, seed, has_validation, base)
    outputs = {
        scenario.code: tuple(
            builder.prediction(scenario, FoldName(fold)).key for fold in folds
        )
        for scenario in scenarios
    }
    languages = builder.languages() if detect_languages else None
    return builder.plan(outputs, scenarios, languages)


def derive_seed(seed: int, lever: str, option: str) -> int:
    """Return the seed of a step.

    It depends on the run's seed, the lever and the option, not on the step's key, which
    also contains versions and source code: an edit of the source must not change the
    seed. It does not depend on the inputs either: scenarios that differ elsewhere use
    common random numbers, which makes their difference less noisy.
    """
    return int(digest(seed, lever, option)[:8], 16) % 2**31


def derive_inner_seed(seed: int) -> int:
    """Return the seed of the division into inner folds."""
    return derive_seed(seed, "split", "inner")


class _Builder:
    """Adds scenarios one by one, reusing existing steps."""

    def __init__(
        self,
        dataset: str,
        split: str,
        seed: int,
        has_validation: bool = False,
        base: Path | None = None,
    ) -> None:
        self.base = base
        self.has_validation = has_validation
        self.frame = f"frame-{digest(dataset, INPUT_COLUMNS)}"
        self.split = split
        self.seed = seed
        self.inside = (
            source_digest(_INNER_SPLITTER),
            numpy_version(),
            derive_inner_seed(seed),
        )
        self.targets: dict[str, FoldName] = {}
        self.steps: dict[tuple[Hashable, ...], Step] = {}
        self.folds: dict[str, FoldName | None] = {}
        self.prefixes: dict[tuple[tuple[Choice, ...], FoldName], Slots] = {}
        self.facts: dict[tuple[Modality, Choice], tuple[Option, str, int]] = {}

    def target(self, fold: FoldName) -> Input:
        """Return the root with labels and rows of a fold."""
        facts = self.frame, self.split, str(fold), *self.inside * fold.is_inner
        key = f"target-{digest(*facts)}"
        self.targets[key] = fold
        return Input(Slot("target"), key)

    def prediction(self, scenario: Scenario, fold: FoldName) -> Input:
        """Add a scenario's steps for a fold; return its prediction."""
        if scenario.modality == "fusion":
            return self._fusion(scenario, fold)
        modality, search = scenario.modality, scenario["search"]
        model = self._resolved(modality, scenario["model"])
        option = self.fact(modality, model)[0]
        plain = self.fact(modality, search)[0].is_off
        slots = self._learned(scenario, fold)
        sources = self._sources(modality, model, slots, fold)
        inside = self._inner_folds(modality, model if plain else search, fold)
        inner_inputs: list[Input] = []
        for number, inner in enumerate(inside):
            learned = self._learned(scenario, inner)
            features = self._sources(modality, model, learned, inner)[0]
            target = self.target(inner)
            inner_inputs += [
                replace(features, slot=Slot("features", inner=number)),
                replace(target, slot=Slot("target", inner=number)),
            ]
        final = self._own_part(option, model)
        choices = (final,) if plain else (search, final)
        inputs = self._inputs(option, sources, slots, fold)
        return self._add(modality, choices, (*inputs, *inner_inputs))

    def languages(self) -> Input:
        """Add the step that detects the language of each row."""
        choice = Choice.of(DETECTOR.find("text", "py3langid"))
        slots = {"frame": Input(Slot("frame"), self.frame)}
        return self._step("text", choice, slots, FoldName(""))

    def plan(
        self,
        outputs: dict[str, tuple[str, ...]],
        scenarios: Iterable[Scenario],
        languages: Input | None,
    ) -> Plan:
        """Return the plan of the added scenarios, without unused steps."""
        steps = {step.key: step for step in self.steps.values()}
        by_code = {scenario.code: scenario for scenario in scenarios}
        whole = Plan(steps, self.frame, self.targets, outputs, by_code, languages)
        last = [key for keys in outputs.values() for key in keys]
        needed = whole.ancestors([*last, *([languages.key] if languages else [])])
        n_unshared = sum(len(whole.ancestors(keys)) for keys in outputs.values())
        return Plan(
            {key: steps[key] for key in needed},
            self.frame,
            self.targets,
            outputs,
            by_code,
            languages,
            n_unshared + (1 if languages else 0),
        )

    def _fusion(self, scenario: Scenario, fold: FoldName) -> Input:
        choice = scenario["fusion"]
        members = [
            Input(Slot("member", number), self.prediction(member, fold).key)
            for number, member in enumerate(scenario.members)
        ]
        members += [
            Input(Slot("member", number, index), self.prediction(member, inner).key)
            for index, inner in enumerate(self._inner_folds("fusion", choice, fold))
            for number, member in enumerate(scenario.members)
        ]
        option = self.fact("fusion", choice)[0]
        rule = self._own_part(option, choice)
        return self._add("fusion", (rule,), (self.target(fold), *members))

    def _learned(self, scenario: Scenario, fold: FoldName) -> Slots:
        """Add the steps before the model; return the slots that they write."""
        before = tuple(
            scenario[lever.name]
            for lever in FLOW[scenario.modality]
            if "prediction" not in lever.writes
        )
        known = self.prefixes.get((before, fold))
        if known is None:
            known = self.prefixes[before, fold] = self._add_prefix(
                scenario.modality, before, fold
            )
        return dict(known)

    def _add_prefix(
        self, modality: Modality, choices: tuple[Choice, ...], fold: FoldName
    ) -> Slots:
        slots: Slots = {"frame": Input(Slot("frame"), self.frame)}
        for choice in choices:
            option = self.fact(modality, choice)[0]
            if not option.is_off:
                output = self._step(modality, choice, slots, fold)
                for slot in option.writes:
                    part = slot if len(option.writes) > 1 else ""
                    slots[slot] = Input(Slot(slot), output.key, part)
        return slots

    def _inner_folds(
        self, modality: Modality, choice: Choice, fold: FoldName
    ) -> list[FoldName]:
        """Return the folds that an option uses for model selection.

        A single one with the fold's validation rows, or folds inside its training rows.
        """
        option = self.fact(modality, choice)[0]
        if "cv" not in option.parameters:
            return []
        if self.has_validation and not fold.is_inner:
            return [fold.validation]
        cv = dict(choice.params).get("cv", option.parameters["cv"].default)
        return fold.inside(cv)

    def _step(
        self, modality: Modality, choice: Choice, slots: Slots, fold: FoldName
    ) -> Input:
        """Add a step, preceded by the steps of its option's preparations."""
        option = self.fact(modality, choice)[0]
        sources = self._sources(modality, choice, slots, fold)
        last = self._own_part(option, choice)
        return self._add(modality, (last,), self._inputs(option, sources, slots, fold))

    def _resolved(self, modality: Modality, choice: Choice) -> Choice:
        """Return a choice with the user's code that it names, imported."""
        option = find_option(modality, choice)
        return Plugins(self.base or Path()).resolve(option, choice)

    def _own_part(self, option: Option, choice: Choice) -> Choice:
        """Return a choice without the parameters of options that run first."""
        return choice.with_params(option, option.own(choice.arguments))

    def _sources(
        self, modality: Modality, choice: Choice, slots: Slots, fold: FoldName
    ) -> tuple[Input, ...]:
        """Return the inputs that an option processes: of its preparations, or the slots."""
        option = self.fact(modality, choice)[0]
        before = option.before(choice.arguments, choice.units)
        return tuple(
            self._before(modality, Choice.made(*preparation), slots, fold, number)
            for number, preparation in enumerate(before)
        ) or self._read(option, choice, slots)

    def _before(
        self,
        modality: Modality,
        choice: Choice,
        slots: Slots,
        fold: FoldName,
        number: int,
    ) -> Input:
        output = self._step(modality, choice, slots, fold)
        return Input(Slot("before", number), output.key)

    def _add(
        self, modality: Modality, choices: tuple[Choice, ...], inputs: tuple[Input, ...]
    ) -> Input:
        memo = (choices, inputs)
        step = self.steps.get(memo)
        if step is None:
            facts = [self.fact(modality, choice) for choice in choices]
            option = facts[0][0]
            digests = [fact for _, fact, _ in facts]
            key = digest(
                option.kind, digests, [[str(i.slot), i.key, i.part] for i in inputs]
            )
            fold = self._fold_of(inputs)
            step = Step(
                key,
                option.kind,
                modality,
                choices,
                inputs,
                option.writes,
                fold,
                facts[-1][2],
            )
            self.steps[memo] = step
            self.folds[key] = fold
        return Input(Slot(step.writes[0]), step.key)

    def _fold_of(self, inputs: Iterable[Input]) -> FoldName | None:
        """Return the fold that a step belongs to; None if it processes all rows."""
        for source in inputs:
            fold = self.targets.get(source.key) or self.folds.get(source.key)
            if fold:
                return fold
        return None

    def _read(self, option: Option, choice: Choice, slots: Slots) -> tuple[Input, ...]:
        return tuple(
            slots[slot]
            for slot in option.find_reads(choice.arguments)
            if slot in slots and (slot != "languages" or option.wants_languages)
        )

    def _inputs(
        self, option: Option, sources: tuple[Input, ...], slots: Slots, fold: FoldName
    ) -> tuple[Input, ...]:
        """Return all inputs of a step; a learned one also reads languages and target."""
        if not option.learns:
            return sources
        inputs = list(sources)
        if not self._fold_of(inputs) and "languages" in slots:
            inputs.append(slots["languages"])  # selects the rows to train on
        inputs.append(self.target(fold))
        return tuple(inputs)

    def fact(self, modality: Modality, choice: Choice) -> tuple[Option, str, int]:
        """Return a choice's option, the digest of its key parts, and its seed."""
        known = self.facts.get((modality, choice))
        if known is None:
            option = find_option(modality, choice)
            parts = find_key_parts(option, choice, self.base)
            seed = derive_seed(self.seed, choice.lever, choice.option)
            key_digest = digest(
                parts.lever,
                parts.option,
                parts.params,
                [source_digest(module) for module in parts.modules],
                parts.file,
                parts.versions,
                seed if "random_state" in option.given else None,
            )
            known = self.facts[modality, choice] = (option, key_digest, seed)
        return known
