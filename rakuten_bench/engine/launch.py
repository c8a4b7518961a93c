"""A run from its start to its end: board claimed, executor opened, session run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from rakuten_bench.engine.board import claim
from rakuten_bench.engine.cost import Costs
from rakuten_bench.engine.forecast import open_costs
from rakuten_bench.engine.inputs import save_inputs
from rakuten_bench.engine.outcome import Recorder
from rakuten_bench.engine.prepare import Prepared, describe_run
from rakuten_bench.engine.progress import Progress
from rakuten_bench.engine.retention import Retention
from rakuten_bench.engine.schedule import Schedule
from rakuten_bench.engine.session import Session
from rakuten_bench.engine.settings import Settings
from rakuten_bench.engine.task import TaskFactory
from rakuten_bench.engine.usage import Usage
from rakuten_bench.engine.writer import RecordWriter
from rakuten_bench.executor import find_backend
from rakuten_bench.executor.device import find_devices
from rakuten_bench.executor.protocol import StepExecutor
from rakuten_bench.records import release_board, write_study_run
from rakuten_bench.scenario.load import Study
from rakuten_bench.store.access import check_access
from rakuten_bench.store.leftover import remove_all_leftovers
from rakuten_bench.store.pin import Pin


class Run:
    """A run: iterate over it to make it happen, scenario by scenario.

    Parameters
    ----------
    prepared : Prepared
    settings : Settings

    Attributes
    ----------
    prepared : Prepared
        With the board that the run has taken.
    usage : Usage
        What was predicted and what was measured so far.
    """

    def __init__(self, prepared: Prepared, settings: Settings) -> None:
        self.prepared = prepared
        self.settings = settings
        self.usage = Usage()

    def __iter__(self) -> Iterator[Progress]:
        """Yield after each scenario."""
        return (event for event in self.events() if event.record)

    def events(self) -> Iterator[Progress]:
        """Yield after each step and each scenario, and at least every second.

        Raises
        ------
        UserError
            If nothing more can be written; what is finished is kept.
        NoAccess
            If this user can't work in the cache.
        """
        remove_all_leftovers(self.settings.cache, self.settings.results)
        try:
            if self.prepared.todo:
                yield from self._run_on_board()
            else:
                self._write_study_run()
        finally:
            if self.prepared.pin:
                self.prepared.pin.close()

    def _write_study_run(self) -> None:
        results = self.settings.results
        write_study_run(results, describe_run(self.prepared, results))

    def _run_on_board(self) -> Iterator[Progress]:
        check_access(self.prepared.store.root)
        self.prepared = claim(self.prepared, self.settings)
        try:
            self._write_study_run()
            yield from self._run()
        finally:
            release_board(self.settings.results / self.prepared.board)

    def _run(self) -> Iterator[Progress]:
        n_todo = len(self.prepared.todo)
        backend = find_backend(self.settings.executor)
        request = self.settings.request(self.prepared.study.scenarios)
        for notice in backend.wait_for_worker(request):
            yield Progress(None, 0, n_todo, 0, 0, 0, 0, 0.0, notice=notice)
        recorded = self.prepared.plan.recorded()
        executor = backend.open(request, self.prepared.store, recorded)
        start = time.monotonic()
        try:
            with _open_session(
                self.prepared, self.settings, executor, self.usage
            ) as session:
                yield from session.run()
        except BaseException:
            executor.shutdown()
            raise
        self.usage.wall = time.monotonic() - start
        executor.release()


def warm_up(study: Study, settings: Settings) -> None:
    """Let the executor start while the data of a study are still being loaded.

    Nothing is started where every scenario has a record somewhere: most likely there
    is nothing to do.

    Raises
    ------
    UserError
        If the executor can't be reached.
    """
    done = {folder.name for folder in settings.results.glob("*/*")}
    again = set(settings.rerun) - {"missing"}
    if settings.scheduler or again or any(s.code not in done for s in study.scenarios):
        request = settings.request(study.scenarios)
        find_backend(settings.executor).warm_up(request)


def run(prepared: Prepared, settings: Settings) -> Run:
    """Run what is left to do; each record is written as soon as its scenario ends."""
    return Run(prepared, settings)


@contextmanager
def _open_session(
    prepared: Prepared, settings: Settings, executor: StepExecutor, usage: Usage
) -> Iterator[Session]:
    """Give a session whose results are pinned and whose inputs are stored."""
    plan, store = prepared.plan, prepared.store
    writer = RecordWriter(settings.results, store.claims)
    retention = Retention(store, plan, settings.most_bytes, _find_pin(prepared))
    with retention.pinned(), closing(writer):
        save_roots = partial(
            save_inputs,
            store,
            plan,
            prepared.dataset,
            prepared.split,
            prepared.study.seed,
        )
        save_roots()
        costs = open_costs(prepared)
        schedule = _build_schedule(prepared, executor, costs)
        yield Session(
            schedule,
            executor,
            _build_tasks(prepared, settings, schedule, executor),
            _build_recorder(prepared, settings, costs),
            writer,
            retention,
            costs,
            usage,
            save_roots,
            len(prepared.todo),
        )


def _find_pin(prepared: Prepared) -> Pin:
    """Return the pin of the preparation, or a new one where the same was run before."""
    pin = prepared.pin
    return pin if pin and pin.is_open else Pin(prepared.store.root)


def _build_schedule(
    prepared: Prepared, executor: StepExecutor, costs: Costs
) -> Schedule:
    """Return the steps to compute.

    Where workers have stores of their own, only results that come home count as stored.
    """
    plan, store = prepared.plan, prepared.store
    recorded = plan.recorded()

    def is_stored(key: str) -> bool:
        return (executor.shares_store or key in recorded) and key in store

    return Schedule(plan, prepared.todo, is_stored, lambda step: costs.of(step).seconds)


def _build_tasks(
    prepared: Prepared, settings: Settings, schedule: Schedule, executor: StepExecutor
) -> TaskFactory:
    return TaskFactory(
        prepared.study,
        prepared.plan,
        prepared.store.root,
        find_devices(settings.device, schedule.missing(), executor.ask),
        settings.limit,
        settings.threads,
    )


def _build_recorder(prepared: Prepared, settings: Settings, costs: Costs) -> Recorder:
    return Recorder(
        prepared.study,
        prepared.plan,
        prepared.dataset,
        prepared.split,
        prepared.store,
        prepared.board,
        forced=settings.limit,
        n_threads=settings.threads,
        past_facts=costs.facts,
    )
