"""Build the record of a scenario from finished steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.engine.stop import STOPPED, describe_stop
from rakuten_bench.executor.fault import Fault
from rakuten_bench.executor.maker import Maker
from rakuten_bench.plan import Plan, Step
from rakuten_bench.plan.key_parts import (
    KeyParts,
    find_key_parts,
    labeled_digests,
    versions_of,
)
from rakuten_bench.records import (
    DatasetInfo,
    Predictions,
    Record,
    SplitInfo,
    StepCost,
    Stop,
    collect_provenance,
)
from rakuten_bench.registry.value import plain_json
from rakuten_bench.scenario import Choice, Scenario, find_option, iter_options
from rakuten_bench.scenario.limit import Limit
from rakuten_bench.scenario.load import StudySpec
from rakuten_bench.scenario.plugin import find_files
from rakuten_bench.store.result import Facts, Store
from rakuten_bench.types import Dataset, Languages, Prediction, Rows, Split
from rakuten_bench.wording.words import number

#: Digits of a module's digest in a record: enough to distinguish versions.
_SHORT = 12


@dataclass
class Recorder:
    """Builds the records of a run.

    Attributes
    ----------
    forced : Limit
        From the command line.
    past_facts : callable
        Returns the facts of a step whose result was evicted, if known.
    facts : dict
        Facts of each step, by key; filled during the run.
    computed : set of str
        Keys of the steps that this run has computed.
    charged : set of str
        Keys of steps already charged; the own time of a step is charged to the
        first scenario that finishes with it.
    """

    study: StudySpec
    plan: Plan
    dataset: Dataset
    split: Split
    store: Store
    board: str
    forced: Limit = field(default_factory=Limit)
    n_threads: int = 1
    past_facts: Callable[[Step], Facts | None] = field(default=lambda step: None)
    facts: dict[str, Facts] = field(default_factory=dict)
    computed: set[str] = field(default_factory=set)
    charged: set[str] = field(default_factory=set)
    _known_parts: dict[Choice, KeyParts] = field(init=False, default_factory=dict)

    @cached_property
    def _maker(self) -> Maker:
        """Reads stored values; computes those that were not worth keeping."""
        return Maker(self.store, self.n_threads, base=self.study.folder)

    def add(self, step: Step, facts: Facts, *, computed: bool) -> None:
        """Add the facts of a step that has ended."""
        self.facts[step.key] = facts
        if computed:
            self.computed.add(step.key)

    def forget(self, key: str) -> None:
        """Drop the facts of a step whose result was lost."""
        self.facts.pop(key, None)

    def failed(self, code: str, fault: Fault) -> Record:
        """Return the record of a scenario that has no predictions.

        It includes the cost of the steps before the failed one, and that step.
        """
        facts = self._facts_before(code, fault)
        return self._record(
            code,
            status=fault.status,
            **self._spent(facts, {*self.computed, fault.key}, fault.key),
            stopped=self._stopped(code, fault),
            error=fault.failure,
        )

    def _stopped(self, code: str, fault: Fault) -> Stop | None:
        if fault.status not in STOPPED:
            return None
        limits = self.study.limits
        return describe_stop(self.plan, code, fault.key, limits, self.forced)

    def finished(self, code: str) -> tuple[Record, Predictions]:
        """Return the record of a scenario and its predictions.

        Raises
        ------
        LostResult
            If its predictions were evicted from the cache meanwhile.
        """
        folds: list[Prediction] = [
            self._maker.fetch(key) for key in self.plan.outputs[code]
        ]
        predictions = self._predictions(code, folds)
        keys = self.plan.ancestors(self.plan.outputs[code])
        facts = {key: self._facts(key) or self._no_facts(key) for key in keys}
        spent = self._spent(facts, self.computed)
        predict_time = sum(fold.predict_time for fold in folds)
        spent["fit_time"] -= predict_time
        spent["notes"] += self._unknown(keys)
        details = _details(folds)
        record = self._record(
            code, status="ok", predict_time=predict_time, details=details, **spent
        )
        return record, predictions

    def _facts_before(self, code: str, fault: Fault) -> dict[str, Facts]:
        """Return the facts of a scenario's steps, up to the failed one."""
        found = {}
        for key in self.plan.ancestors(self.plan.outputs[code]):
            if fault.key not in self.plan.ancestors([key]):
                facts = self._facts(key)
                if facts:
                    found[key] = facts
        if fault.key in self.plan.steps:
            found[fault.key] = fault.facts(self.n_threads)
        return found

    def _spent(
        self, facts: Mapping[str, Facts], computed: set[str], failed: str = ""
    ) -> dict[str, Any]:
        """Return the part of a record on the cost of steps.

        Parameters
        ----------
        failed : str
            Key of the step that has no result.
        """
        own = {key for key in facts if key in computed and key not in self.charged}
        self.charged |= own
        every = facts.values()
        return {
            "fit_time": sum(one.seconds for one in every),
            "own_time": sum(facts[key].seconds for key in own),
            "saved_time": sum(facts[key].seconds for key in facts if key not in own),
            "peak_memory": max((one.memory for one in every), default=0) or None,
            "n_threads": max((one.n_threads for one in every), default=self.n_threads),
            "device": "cuda" if "cuda" in {one.device for one in every} else "cpu",
            "gpu": ", ".join(sorted({one.gpu for one in every} - {""})),
            "notes": [*_notes(every)],
            "steps": [
                self._cost(key, one, cached=key not in computed, failed=key == failed)
                for key, one in facts.items()
            ],
            "sources": self._sources(facts),
        }

    def _record(self, code: str, gpu: str = "", **values: Any) -> Record:
        scenario = self.plan.scenarios[code]
        return Record(
            code=code,
            name=scenario.name,
            modality=scenario.modality,
            board=self.board,
            study=self.study.path.name,
            dataset=self._dataset_info,
            split=self._split_info,
            seed=self.study.seed,
            levers=scenario.levers,
            params=plain_json(scenario.params),
            members=[
                {
                    "modality": m.modality,
                    "levers": m.levers,
                    "params": plain_json(m.params),
                }
                for m in scenario.members
            ],
            label_names=dict(self.dataset.label_names),
            provenance=collect_provenance(_packages(scenario), gpu),
            key=self.plan.record_key(code),
            plugins=self._plugins(scenario),
            **values,
        )

    def _plugins(self, scenario: Scenario) -> list[str]:
        """Return the study's plugins that a scenario needs, or may need."""
        plugins, paths = self.study.plugins, find_files([scenario]).values()
        uses_options = self.study.dataset.units or any(
            choice.units for part in scenario.parts for choice in part.choices
        )
        return [
            file.as_posix()
            for file in plugins.files
            if uses_options or (plugins.base / file).resolve() in paths
        ]

    @cached_property
    def _dataset_info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.dataset.name,
            fingerprint=self.dataset.fingerprint,
            kind=self.dataset.kind,
            about=self.dataset.about,
            n_rows=len(self.dataset.frame),
            remarks=self.dataset.remarks,
            source={
                "name": self.study.dataset.name,
                "params": self.study.dataset.params,
                "base_dir": str(self.study.folder),
            },
        )

    @cached_property
    def _split_info(self) -> SplitInfo:
        return SplitInfo(
            scheme=self.split.scheme,
            fingerprint=self.split.fingerprint,
            params=self.study.split.params,
            name=self.split.name,
            n_folds=len(self.split.folds),
            n_test=sum(fold.test.size for fold in self.split.folds),
            by_image=bool(self.study.row_split.by_image),
        )

    def _facts(self, key: str) -> Facts | None:
        """Return the facts of a step; its result may have been evicted."""
        step = self.plan.steps[key]
        facts = self.facts.get(key) or self.store.facts(key) or self.past_facts(step)
        if facts is not None:
            self.facts[key] = facts
        return facts

    def _no_facts(self, key: str) -> Facts:
        return Facts(seconds=0.0, memory=0, step=str(self.plan.steps[key]))

    def _unknown(self, keys: Iterable[str]) -> list[str]:
        """Return a note on steps of unknown cost: they count as zero seconds."""
        found = [str(self.plan.steps[key]) for key in keys if key not in self.facts]
        if not found:
            return []
        return [
            f"seconds of {number(len(found), 'step')} are not known: {', '.join(found)}"
        ]

    def _cost(self, key: str, facts: Facts, *, cached: bool, failed: bool) -> StepCost:
        step = self.plan.steps[key]
        return StepCost(
            lever=step.lever,
            option=" + ".join(choice.option for choice in step.choices),
            key=key,
            seconds=facts.seconds,
            memory=facts.memory or None,
            shared=self._users[key] > 1,
            cached=cached,
            fold=str(step.fold or ""),
            params=plain_json({c.lever: c.arguments for c in step.choices if c.params}),
            file="".join(parts.file for parts in self._key_parts(step)),
            failed=failed,
        )

    def _key_parts(self, step: Step) -> list[KeyParts]:
        """Return the key parts of a step's result, without its inputs."""
        found = []
        for choice in step.choices:
            known = self._known_parts.get(choice)
            if known is None:
                option = find_option(step.modality, choice)
                known = find_key_parts(option, choice, self.study.folder)
                self._known_parts[choice] = known
            found.append(known)
        return found

    def _sources(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the digests of all modules that steps were computed with."""
        roots = {
            module
            for key in keys
            for parts in self._key_parts(self.plan.steps[key])
            for module in parts.modules
        }
        return {
            module: text[:_SHORT]
            for module, text in labeled_digests(sorted(roots)).items()
        }

    # What only records need is found when the first one is made: the workers have
    # their first steps by then.

    @cached_property
    def _ids(self) -> NDArray[np.str_]:
        return self.dataset.frame["id"].to_numpy(dtype=np.str_)

    @cached_property
    def _users(self) -> Mapping[str, int]:
        """For each step, how many scenarios use it."""
        users: dict[str, int] = dict.fromkeys(self.plan.steps, 0)
        for keys in self.plan.outputs.values():
            for key in self.plan.ancestors(keys):
                users[key] += 1
        return users

    @cached_property
    def _languages(self) -> NDArray[np.str_]:
        """Language of each row: given by the data set, else detected."""
        given = self.dataset.frame["language"].to_numpy(dtype=np.str_)
        if (given != "").any():
            return given
        source = self.plan.languages
        if source is None:
            return np.full(len(self._ids), "")
        detected: Languages = self._maker.fetch(source.key)
        return np.array(detected.codes)[detected.row]

    def _predictions(self, code: str, folds: Sequence[Prediction]) -> Predictions:
        """Concatenate the folds' predictions, in the order of the rows."""
        rows, number, order = join_folds([fold.rows for fold in folds])
        known = [fold.probability for fold in folds if fold.probability is not None]
        whole = np.concatenate(known)[order] if len(known) == len(folds) else None
        return Predictions(
            ids=self._ids[rows],
            true=self.dataset.y[rows],
            predicted=np.concatenate([fold.predicted for fold in folds])[order],
            fold=number,
            language=self._languages[rows],
            classes=self.dataset.classes,
            probability=whole,
            is_clustering=self.plan.scenarios[code].is_clustering,
        )


def join_folds(
    rows: Sequence[Rows],
) -> tuple[Rows, NDArray[np.int16], NDArray[np.intp]]:
    """Sort the test rows of all folds in the order of the data set.

    Parameters
    ----------
    rows : sequence of int64 arrays
        Of each fold.

    Returns
    -------
    rows : int64 array of shape (n_test,)
    number : int16 array of shape (n_test,)
        Fold of each row, from 0.
    order : int array of shape (n_test,)
        Permutation from fold by fold to this order.
    """
    joined = np.concatenate(rows)
    order = np.argsort(joined, kind="stable")
    sizes = [fold.size for fold in rows]
    number = np.repeat(np.arange(len(rows), dtype=np.int16), sizes)
    return joined[order], number[order], order


def _notes(facts: Iterable[Facts]) -> dict[str, None]:
    """Return the notes of steps, each once."""
    return dict.fromkeys(note for fact in facts for note in fact.notes)


def _details(folds: Sequence[Prediction]) -> dict[str, object]:
    details = [dict(fold.details) for fold in folds]
    if not any(details):
        return {}
    return details[0] if len(details) == 1 else {"folds": details}


def _packages(scenario: Scenario) -> dict[str, str]:
    """Return the versions of packages that a scenario uses or that provide options."""
    found: dict[str, str] = {}
    for option, choice in iter_options([scenario]):
        found |= versions_of(option, choice)
        if option.owner:
            found[option.owner] = version(option.owner)
    return found
