"""The engine: runs what a study asks for and is not there yet, and keeps the records."""

from __future__ import annotations

from collections.abc import Iterator

from rakuten_bench.engine.board import check_results, claim, describe_others
from rakuten_bench.engine.prepare import (
    Prepared,
    count_stopped,
    describe_run,
    find_todo,
    find_unscored,
    prepare,
)
from rakuten_bench.engine.session import Progress, Session, Spent
from rakuten_bench.engine.settings import RERUN, Settings
from rakuten_bench.executor import find_backend
from rakuten_bench.records import release_board, write_study_run
from rakuten_bench.scenario.load import Study
from rakuten_bench.store.access import check_access
from rakuten_bench.store.leftover import remove_all_leftovers

__all__ = [
    "RERUN",
    "Prepared",
    "Progress",
    "Run",
    "Settings",
    "Spent",
    "check_results",
    "count_stopped",
    "describe_others",
    "describe_run",
    "find_todo",
    "find_unscored",
    "prepare",
    "run",
    "warm_up",
]


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
    spent : Spent
        What was predicted and what was measured so far.
    """

    def __init__(self, prepared: Prepared, settings: Settings) -> None:
        self.prepared = prepared
        self.settings = settings
        self.spent = Spent()

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
                results = self.settings.results
                write_study_run(results, describe_run(self.prepared, results))
        finally:
            if self.prepared.pin:
                self.prepared.pin.close()

    def _run_on_board(self) -> Iterator[Progress]:
        results = self.settings.results
        check_access(self.prepared.store.root)
        self.prepared = claim(self.prepared, self.settings)
        try:
            write_study_run(results, describe_run(self.prepared, results))
            yield from self._run()
        finally:
            release_board(self.settings.results / self.prepared.board)

    def _run(self) -> Iterator[Progress]:
        n_todo = len(self.prepared.todo)
        backend = find_backend(self.settings.executor)
        request = self.settings.request(self.prepared.study.scenarios)
        for notice in backend.wait_for_worker(request):
            yield Progress(None, 0, n_todo, 0, 0, 0, 0, 0.0, notice=notice)
        plan = self.prepared.plan
        executor = backend.open(request, self.prepared.store, plan.recorded())
        session = Session(self.prepared, self.settings, executor, spent=self.spent)
        try:
            yield from session.run()
        except BaseException:
            executor.shutdown()
            raise
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
