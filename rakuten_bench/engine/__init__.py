"""The engine: runs what a study asks for and is not there yet, and keeps the records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from rakuten_bench.data import build_split, load_dataset
from rakuten_bench.engine.executor import SerialExecutor
from rakuten_bench.engine.outcome import Recorder, record_key
from rakuten_bench.engine.root import save_roots
from rakuten_bench.engine.schedule import Schedule, execute
from rakuten_bench.engine.store import Store
from rakuten_bench.engine.work import work
from rakuten_bench.errors import MissingPackage, Problems
from rakuten_bench.plan import Plan
from rakuten_bench.plan.build import build_plan
from rakuten_bench.records import (
    Damaged,
    Record,
    board_name,
    iter_rows,
    write_record,
)
from rakuten_bench.scenario import Scenario, find_option
from rakuten_bench.scenario.load import Study
from rakuten_bench.types import Dataset, Split

Rerun = Literal["missing", "failed", "all"]


@dataclass(frozen=True)
class Settings:
    """Where a run reads and writes, and what it does again.

    Attributes
    ----------
    results, cache : Path
    data_dir : Path or None
        Folder of the files that the user brings.
    rerun : {"missing", "failed", "all"}
        Scenarios without a record of exactly this plan; also those that failed; all.
    n_jobs : int
        Threads that a step may use.
    """

    results: Path = Path("results")
    cache: Path = field(default_factory=lambda: default_cache())
    data_dir: Path | None = None
    rerun: Rerun = "missing"
    n_jobs: int = 1


def default_cache() -> Path:
    """Return the user's cache folder, or what `RAKUTEN_BENCH_CACHE` names."""
    from platformdirs import user_cache_path

    named = os.environ.get("RAKUTEN_BENCH_CACHE")
    return Path(named) if named else user_cache_path("rakuten-bench")


@dataclass(frozen=True)
class Prepared:
    """A study with its data and its plan; nothing has run.

    Attributes
    ----------
    todo : tuple of str
        Codes that have to run, in the study's order.
    damaged : tuple of Damaged
        Records that cannot be read; their scenarios run again.
    """

    study: Study
    dataset: Dataset
    split: Split
    plan: Plan
    store: Store
    todo: tuple[str, ...]
    damaged: tuple[Damaged, ...]

    @property
    def board(self) -> str:
        """Name of the folder of the records."""
        return board_name(self.dataset, self.split)


@dataclass(frozen=True)
class Progress:
    """How far a run is, after a scenario has ended."""

    record: Record
    n_done: int
    n_todo: int
    n_steps_left: int


def prepare(study: Study, settings: Settings) -> Prepared:
    """Load the data, build the plan, and find out what is left to do.

    Raises
    ------
    UserError
        If the data cannot be loaded or a package is missing.
    """
    check_packages(study.scenarios)
    dataset = load_dataset(
        study.dataset,
        data_dir=settings.data_dir,
        base_dir=study.path.parent,
        cache=settings.cache,
    )
    split = build_split(dataset, study.split, cache=settings.cache)
    plan = build_plan(
        study.scenarios,
        dataset=dataset.fingerprint,
        split=split.fingerprint,
        folds=[fold.name for fold in split.folds],
        seed=study.seed,
        detect_languages=not (dataset.frame["language"] != "").any(),
    )
    board = board_name(dataset, split)
    todo, damaged = find_todo(plan, settings, board)
    store = Store(settings.cache / "steps")
    return Prepared(study, dataset, split, plan, store, todo, damaged)


def check_packages(scenarios: tuple[Scenario, ...]) -> None:
    """Refuse a study whose options need packages that are not installed.

    Raises
    ------
    Problems
        One line for each option, with the pip command.
    """
    problems: dict[str, None] = {}
    for modality, choice in {
        (scenario.modality, choice)
        for scenario in scenarios
        for choice in scenario.choices
    }:
        try:
            find_option(modality, choice).versions()
        except MissingPackage as error:
            problems[str(error)] = None
    if problems:
        raise Problems(sorted(problems))


def find_todo(
    plan: Plan, settings: Settings, board: str
) -> tuple[tuple[str, ...], tuple[Damaged, ...]]:
    """Return the codes that have to run, and the records that cannot be read."""
    kept: set[str] = set()
    damaged = []
    for row in iter_rows(settings.results, board):
        if isinstance(row, Damaged):
            if row.code in plan.scenarios:
                damaged.append(row)
        elif row.code in plan.scenarios and row.key == record_key(plan, row.code):
            again = settings.rerun == "failed" and row.status != "ok"
            if settings.rerun != "all" and not again:
                kept.add(row.code)
    todo = tuple(code for code in plan.scenarios if code not in kept)
    return todo, tuple(damaged)


def run(prepared: Prepared, settings: Settings) -> Iterator[Progress]:
    """Run what is left to do; each record is written as soon as its scenario ends."""
    if not prepared.todo:
        return
    save_roots(
        prepared.store,
        prepared.plan,
        prepared.dataset,
        prepared.split,
        prepared.study.seed,
    )
    schedule = Schedule(prepared.plan, prepared.todo, prepared.store)
    recorder = Recorder(
        prepared.study,
        prepared.plan,
        prepared.dataset,
        prepared.split,
        prepared.store,
        n_threads=settings.n_jobs,
    )
    call = partial(work, root=prepared.store.root, n_jobs=settings.n_jobs)
    ends = execute(schedule, SerialExecutor(), call)
    for n_done, ended in enumerate(ends, start=1):
        if ended.fault:
            record = recorder.failed(ended.code, ended.fault)
            write_record(settings.results, record)
        else:
            record, predictions = recorder.finished(ended.code, schedule.computed)
            write_record(settings.results, record, predictions)
        yield Progress(record, n_done, len(prepared.todo), schedule.n_left)
