"""A run from its start to its end: board claimed, executor opened, session run."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

from rakuten_bench.engine.board import claim
from rakuten_bench.engine.forecast import find_lacking
from rakuten_bench.engine.inputs import save_inputs
from rakuten_bench.engine.prepare import Prepared, describe_run
from rakuten_bench.engine.progress import Progress
from rakuten_bench.engine.recorder import Recorder
from rakuten_bench.engine.retention import Retention
from rakuten_bench.engine.session import Session
from rakuten_bench.engine.settings import Settings
from rakuten_bench.engine.task import TaskFactory
from rakuten_bench.engine.usage import Usage
from rakuten_bench.engine.workload import Workload
from rakuten_bench.engine.writer import RecordWriter
from rakuten_bench.executor import find_backend
from rakuten_bench.executor.device import find_devices
from rakuten_bench.executor.protocol import StartingExecutor, StepExecutor
from rakuten_bench.records import release_board, write_study_run
from rakuten_bench.scenario import Choice
from rakuten_bench.scenario.load import StudySpec
from rakuten_bench.store.access import check_access
from rakuten_bench.store.leftover import remove_all_leftovers
from rakuten_bench.store.pin import Pin


class Run:
    """A run of a study: `events` executes it.

    Parameters
    ----------
    prepared : Prepared
    settings : Settings
    starting : StartingExecutor, optional
        Executor started by `warm_up`; by default it is started when the run begins.

    Attributes
    ----------
    prepared : Prepared
        With the board that the run has claimed.
    usage : Usage
        Predicted costs, and costs measured so far.
    """

    def __init__(
        self,
        prepared: Prepared,
        settings: Settings,
        starting: StartingExecutor | None = None,
    ) -> None:
        self.prepared = prepared
        self.settings = settings
        self.usage = Usage()
        self._starting = starting
        self._workload: Workload | None = None  # found before the run began

    def find_lacking(self) -> dict[Choice, str]:
        """Return the choices left to run that can't work on this machine, and why.

        None are known where steps run elsewhere.
        """
        if not (self.prepared.todo and find_backend(self.settings.executor).runs_here):
            return {}
        self._workload = Workload.of(self.prepared)
        return find_lacking(self._workload)

    def events(self) -> Generator[Progress]:
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
        prepared = self.prepared
        starting = self._starting or _start(prepared.study, self.settings)
        for notice in starting.wait_for_worker():
            n_todo = len(prepared.todo)
            yield Progress(None, 0, n_todo, 0, 0, 0, 0, 0.0, notice=notice)
        executor = starting.open(prepared.store, prepared.plan.recorded())
        start = time.monotonic()
        try:
            with self._open_session(executor) as session:
                yield from session.run()
        except BaseException:
            executor.shutdown()
            raise
        self.usage.wall = time.monotonic() - start
        executor.release()

    @contextmanager
    def _open_session(self, executor: StepExecutor) -> Iterator[Session]:
        """Give a session whose results are pinned and whose inputs are stored."""
        prepared, settings = self.prepared, self.settings
        plan, store = prepared.plan, prepared.store
        writer = RecordWriter(settings.results, store.claims)
        retention = Retention(store, plan, settings.most_bytes, _find_pin(prepared))
        with retention.pinned(), closing(writer):
            workload = self._find_workload(executor)
            save_inputs(prepared)
            yield Session(
                workload,
                executor,
                _build_tasks(workload, settings, executor),
                _build_recorder(workload, settings),
                writer,
                retention,
                self.usage,
            )

    def _find_workload(self, executor: StepExecutor) -> Workload:
        """Return the steps to compute: as found before, unless they are others here.

        Where workers have stores of their own, only results that come home count as
        stored.
        """
        found, self._workload = self._workload, None
        if found and found.prepared is self.prepared and executor.shares_store:
            return found
        if executor.shares_store:
            return Workload.of(self.prepared)
        recorded, store = self.prepared.plan.recorded(), self.prepared.store
        return Workload.of(self.prepared, lambda key: key in recorded and key in store)


def warm_up(study: StudySpec, settings: Settings) -> StartingExecutor | None:
    """Start the executor while the data of a study are still being loaded.

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
        return _start(study, settings)
    return None


def _start(study: StudySpec, settings: Settings) -> StartingExecutor:
    request = settings.request(study.scenarios)
    return find_backend(settings.executor).start(request)


def _find_pin(prepared: Prepared) -> Pin:
    """Return the pin of the preparation, or a new one where the same was run before."""
    pin = prepared.pin
    return pin if pin and pin.is_open else Pin(prepared.store.root)


def _build_tasks(
    workload: Workload, settings: Settings, executor: StepExecutor
) -> TaskFactory:
    prepared = workload.prepared
    return TaskFactory(
        prepared.study,
        prepared.plan,
        prepared.store.root,
        find_devices(settings.device, workload.schedule.missing(), executor.ask),
        settings.limit,
        settings.threads,
    )


def _build_recorder(workload: Workload, settings: Settings) -> Recorder:
    prepared = workload.prepared
    return Recorder(
        prepared.study,
        prepared.plan,
        prepared.dataset,
        prepared.split,
        prepared.store,
        prepared.board,
        forced=settings.limit,
        n_threads=settings.threads,
        past_facts=workload.costs.facts,
    )
