"""Prepare a study: load data, build the plan, find what remains; nothing is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rakuten_bench.activity import announce
from rakuten_bench.data import DataPaths, build_split, load_dataset
from rakuten_bench.data.image import check_images
from rakuten_bench.data.leak import find_leaks
from rakuten_bench.engine.origin import remember_code
from rakuten_bench.engine.settings import Settings
from rakuten_bench.engine.stop import STOPPED, may_pass_now
from rakuten_bench.errors import MissingPackage, Problems, UserError
from rakuten_bench.plan import Plan
from rakuten_bench.plan.build import build_plan
from rakuten_bench.plan.source_facts import KNOWN_SOURCES
from rakuten_bench.records import (
    BoardRows,
    Damaged,
    Identity,
    Row,
    RunScenario,
    StudyRun,
    Verified,
    Verifier,
    board_name,
    open_board,
    path_from,
)
from rakuten_bench.scenario import Choice, Scenario, find_option, iter_options
from rakuten_bench.scenario.load import StudySpec
from rakuten_bench.store.access import NoAccess
from rakuten_bench.store.layout import Layout
from rakuten_bench.store.pin import Pin
from rakuten_bench.store.result import Store
from rakuten_bench.types import Dataset, Modality, Rows, Split, Wanted
from rakuten_bench.wording.words import number


@dataclass(frozen=True)
class Prepared:
    """A study with its data and its plan; nothing has run.

    Attributes
    ----------
    todo : tuple of str
        Codes of scenarios to run, in the study's order.
    damaged : tuple of Damaged
        Unreadable records; their scenarios run again.
    remarks : tuple of str
        Anomalies of the data.
    board : str
        Name of the folder of the records; the plain name unless other data use it.
    rows : tuple of Row or Damaged
        The records that were there.
    pin : Pin or None
        Protects the cache from eviction until the run pins what it needs.
    """

    study: StudySpec
    dataset: Dataset
    split: Split
    plan: Plan
    store: Store
    todo: tuple[str, ...]
    damaged: tuple[Damaged, ...]
    remarks: tuple[str, ...] = ()
    board: str = ""
    rows: tuple[Row | Damaged, ...] = field(default=(), compare=False, repr=False)
    pin: Pin | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.board:
            object.__setattr__(self, "board", self.plain_board)

    @property
    def plain_board(self) -> str:
        """Name of the board's folder if no other data use it."""
        return board_name(self.dataset, self.split)

    @property
    def identity(self) -> Identity:
        """Identity of the board."""
        return Identity(
            self.dataset.fingerprint, self.split.fingerprint, self.study.seed
        )


def prepare(
    study: StudySpec, settings: Settings, *, pin: bool = False, check: bool = True
) -> Prepared:
    """Load the data, build the plan, and find what remains to be run.

    Parameters
    ----------
    study : StudySpec
    settings : Settings
    pin : bool
        Protect the cache from being cleared between preparation and run.
    check : bool
        Reject files of predictions that don't match what remains.

    Raises
    ------
    UserError
        If the data cannot be loaded or have one class only, a package is missing, or a
        file of predictions can't be used.
    """
    pinned = _pin(settings) if pin else None
    try:
        prepared = _prepare(study, settings)
        if check:
            check_files(prepared)
        return replace(prepared, pin=pinned)
    except BaseException:
        if pinned:
            pinned.close()
        raise


def _pin(settings: Settings) -> Pin | None:
    """Pin the cache; if it is not writable, a run with work to do is rejected later."""
    with suppress(NoAccess):
        return Pin.of_everything(_store_of(settings).root)
    return None


def _store_of(settings: Settings) -> Store:
    return Store(Layout(settings.cache.absolute()).steps)


def _prepare(study: StudySpec, settings: Settings) -> Prepared:
    check_packages(study.scenarios)
    remember_code(study, settings.cache)
    dataset = load_dataset(
        study.dataset,
        data_dir=settings.data_dir,
        base_dir=study.path.parent,
        cache=settings.cache,
    )
    check_classes(dataset, study.scenarios)
    split = build_split(
        dataset,
        study.row_split,
        cache=settings.cache,
        folder=DataPaths(settings.data_dir, study.path.parent).relative_to,
    )
    with KNOWN_SOURCES.kept_in(settings.cache):
        announce("planning %s", number(len(study.scenarios), "scenario"))
        plan = build_plan(
            study.scenarios,
            dataset=dataset.fingerprint,
            split=split.fingerprint,
            folds=[fold.name for fold in split.folds],
            seed=study.seed,
            detect_languages=not (dataset.frame["language"] != "").any(),
            has_validation=any(fold.validation.size for fold in split.folds),
            base=study.folder,
        )
    remarks = (
        *remark_images(dataset, study.scenarios, settings.cache),
        *split.remarks,
        *remark_validation(split, plan),
        *remark_row_numbers(dataset, study.scenarios),
        *remark_leaks(dataset, study.scenarios),
    )
    announce("looking up records and stored steps")
    store = _store_of(settings)
    todo = tuple(plan.scenarios)
    whole = Prepared(study, dataset, split, plan, store, todo, (), remarks)
    board = open_board(settings.results, whole.plain_board, whole.identity)
    return on_board(whole, settings, board)


def remark_row_numbers(
    dataset: Dataset, scenarios: Iterable[Scenario]
) -> Iterator[str]:
    """Warn that predictions are matched by row number, which reordering breaks."""
    joins_by_id = any(
        one["model"].option == "external"
        for scenario in scenarios
        for one in scenario.leaves
        if one.modality != "fusion"
    )
    ids = dataset.frame["id"].tolist()
    if joins_by_id and ids == [str(row) for row in range(len(ids))]:
        yield (
            f"data set '{dataset.name}': its ids are row numbers, by which model "
            f"'external' finds the rows of its file. This is correct only if the rows "
            f"are in the same order as when the file was written. Name a column of ids "
            f"instead."
        )


def check_files(prepared: Prepared) -> None:
    """Reject files of predictions that lack rows or classes of what remains.

    Raises
    ------
    Problems
        All errors of all files.
    """
    problems: dict[str, None] = {}
    for (modality, choice), rows in _rows_by_choice(prepared).items():
        option = find_option(modality, choice)
        wanted = _describe_wanted(prepared.dataset, rows)
        base = prepared.study.folder
        found = option.find_file_problems(choice.arguments, base, wanted)
        problems |= dict.fromkeys(found)
    if problems:
        raise Problems(problems)


def _rows_by_choice(
    prepared: Prepared,
) -> dict[tuple[Modality, Choice], list[tuple[Rows, Rows]]]:
    """Return the options that check their files, with the rows of each of their steps.

    They are those to be predicted, and those that the step would train on as far as
    known: the language lever may exclude some.
    """
    plan = prepared.plan
    folds = {fold.name: fold for fold in prepared.split.folds}
    found: dict[tuple[Modality, Choice], list[tuple[Rows, Rows]]] = {}
    for key in plan.ancestors(
        key for code in prepared.todo for key in plan.outputs[code]
    ):
        step = plan.steps[key]
        choice = step.choices[-1]
        checks = find_option(step.modality, choice).files.check is not None
        if step.fold is None or not checks:
            continue
        fold = folds[step.fold.name]
        seen = fold.train if step.fold.is_inner else fold.test
        if step.fold.is_validation:
            seen = fold.validation
        is_cut = any(
            one.slot.name == "languages" and plan.steps[one.key].choices[0].digit != "0"
            for one in step.inputs
        )
        learned = fold.train[:0] if is_cut or step.fold.is_inner else fold.train
        found.setdefault((step.modality, choice), []).append((seen, learned))
    return found


def _describe_wanted(dataset: Dataset, rows: Sequence[tuple[Rows, Rows]]) -> Wanted:
    seen, learned = (
        np.unique(np.concatenate(part)) for part in zip(*rows, strict=True)
    )
    ids = dataset.frame["id"].to_numpy()[seen]
    classes = np.asarray(dataset.classes)[np.unique(dataset.y[learned])]
    return Wanted(tuple(ids), tuple(classes.tolist()), dataset.classes)


def remark_leaks(dataset: Dataset, scenarios: Iterable[Scenario]) -> Iterator[str]:
    """Warn that an option reads a column that leaks the label: its score is void."""
    options = {
        option
        for option, choice in iter_options(scenarios)
        if "frame" in option.find_reads(choice.arguments)
    }
    for option in sorted(options, key=lambda one: (one.lever.name, one.name)):
        for column in option.columns:
            for leak in find_leaks(dataset, column):
                yield (
                    f"{option.lever.name} '{option.name}' reads a column that leaks the label: {leak}. "
                    f"Scores of its scenarios do not generalize to other rows."
                )


def remark_validation(split: Split, plan: Plan) -> Iterator[str]:
    """Report what the validation rows are used for."""
    n_rows = sum(fold.validation.size for fold in split.folds)
    if not n_rows:
        return
    yield f"{n_rows:,} validation rows: " + (
        "searches, and fusions that learn, choose by them and not by inner folds (`cv`)"
        if any(fold.is_validation for fold in plan.targets.values())
        else "not used, as no scenario has a search or a fusion that learns"
    )


def on_board(prepared: Prepared, settings: Settings, board: BoardRows) -> Prepared:
    """Return the same with a board, and what is left to do there."""
    prepared = replace(prepared, board=board.name, rows=board.rows)
    todo, damaged = find_todo(prepared, settings)
    false = find_false(prepared, settings, todo)
    again = {*todo, *(one.code for one in false)}
    return replace(
        prepared,
        todo=tuple(code for code in prepared.plan.scenarios if code in again),
        damaged=(*damaged, *false),
    )


def find_false(
    prepared: Prepared, settings: Settings, todo: Collection[str]
) -> tuple[Damaged, ...]:
    """Return records that are up to date but contradict their files."""
    folder = settings.results / prepared.board
    rows = [row for row in prepared.rows if isinstance(row, Row)]
    kept = prepared.plan.scenarios.keys() - {*todo}
    with Verified(settings.cache, folder) as verified:
        verifier = Verifier(folder, prepared.identity, rows, verified)
        found = [
            Damaged(path, verifier.say_contradiction(path, row))
            for row in rows
            if row.code in kept
            for path in [folder / row.code]
        ]
    return tuple(one for one in found if one.message)


def describe_run(prepared: Prepared, results: Path) -> StudyRun:
    """Return the scenarios of the study, which tell the gate which records count."""
    study = prepared.study
    return StudyRun(
        study=study.path.name,
        path=path_from(results, study.path),
        metric=study.metric,
        overrides=dict(study.overrides),
        asked=study.digest,
        board=prepared.board,
        data=prepared.dataset.fingerprint,
        split=prepared.split.fingerprint,
        seed=study.seed,
        scenarios=[
            RunScenario(
                code=code,
                names=[*study.names.get(code, ())],
                key=prepared.plan.record_key(code),
            )
            for code in prepared.plan.scenarios
        ],
    )


def check_packages(scenarios: tuple[Scenario, ...]) -> None:
    """Reject a study whose options need packages that are not installed.

    Raises
    ------
    Problems
        One line for each option, with the pip command.
    """
    problems: dict[str, None] = {}
    for option, _ in iter_options(scenarios):
        try:
            option.versions()
        except MissingPackage as error:
            problems[str(error)] = None
    if problems:
        raise Problems(sorted(problems))


def check_classes(dataset: Dataset, scenarios: tuple[Scenario, ...]) -> None:
    """Reject data of a single class, except for clusterings.

    Raises
    ------
    UserError
    """
    if len(dataset.classes) < 2 and not all(one.is_clustering for one in scenarios):
        message = (
            f"data set '{dataset.name}': all {len(dataset.frame):,} rows have the label "
            f"'{dataset.classes[0]}'. Two classes are needed; check the label column."
        )
        raise UserError(message)


def remark_images(
    dataset: Dataset, scenarios: Iterable[Scenario], cache: Path
) -> tuple[str, ...]:
    """Report how many images are missing, if scenarios read them.

    Raises
    ------
    UserError
        If there are none, or too few.
    """
    reads_images = any(one.reads("image") for one in scenarios)
    remark = check_images(dataset, cache=cache) if reads_images else ""
    return (remark,) if remark else ()


def find_todo(
    prepared: Prepared, settings: Settings
) -> tuple[tuple[str, ...], tuple[Damaged, ...]]:
    """Return the codes of scenarios to run, and the unreadable records."""
    plan, limits = prepared.plan, prepared.study.limits
    kept: set[str] = set()
    damaged = []
    for row in prepared.rows:
        if row.code not in plan.scenarios:
            continue
        if isinstance(row, Damaged):
            damaged.append(row)
        elif row.key != plan.record_key(row.code) or _again(row, settings.rerun):
            continue
        elif not may_pass_now(row, plan, limits, settings.limit):
            kept.add(row.code)
    todo = tuple(code for code in plan.scenarios if code not in kept)
    return todo, tuple(damaged)


def find_unscored(plan: Plan, rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the scenarios of a plan that none of some records gives the scores of."""
    keys = {row.code: row.key for row in rows if row.status == "ok"}
    return tuple(
        code for code in plan.scenarios if keys.get(code) != plan.record_key(code)
    )


def count_stopped(prepared: Prepared) -> dict[str, int]:
    """Return how many scenarios keep the record of an exceeded limit, by status."""
    kept = prepared.plan.scenarios.keys() - {*prepared.todo}
    rows = prepared.rows
    found: Counter[str] = Counter(
        row.status for row in rows if isinstance(row, Row) and row.code in kept
    )
    return {status: found[status] for status in STOPPED if found[status]}


def _again(row: Row, rerun: Collection[str]) -> bool:
    """Return whether a scenario with a record is to run again."""
    if "all" in rerun or row.status in rerun:
        return True
    return "failed" in rerun and row.status != "ok"
