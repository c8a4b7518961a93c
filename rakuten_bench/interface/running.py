"""Run a study: prepare it, show its progress, and return its board."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from rakuten_bench import report
from rakuten_bench.activity import announce
from rakuten_bench.data import DATASETS
from rakuten_bench.engine import (
    Prepared,
    Run,
    Settings,
    check_results,
    count_stopped,
    describe_others,
    find_unscored,
    prepare,
    warm_up,
)
from rakuten_bench.errors import UserError
from rakuten_bench.interface.board import Board, with_standing
from rakuten_bench.interface.progress import Display, choose_display, iter_note_lines
from rakuten_bench.interface.setting import RunOptions, build_settings
from rakuten_bench.interface.study import Study, load_study
from rakuten_bench.interface.watching import watching
from rakuten_bench.records import NO_DATASET, BoardRows, attempting
from rakuten_bench.scenario.load import StudySpec
from rakuten_bench.units import render_duration, render_size
from rakuten_bench.wording.words import clean, number


def run(
    study: Study | str | Path, *, progress: bool = True, **settings: Unpack[RunOptions]
) -> Board:
    """Run the scenarios of a study that have no record yet, and return the board.

    Each record is written as soon as its scenario ends: an interrupted run goes on
    where it stopped. A scenario that fails is a row of the board. Ctrl-C, or the stop
    button of a notebook, ends the steps that run within seconds.

    Parameters
    ----------
    study : Study, str or Path
        A study, or the path of a scenario file.
    progress : bool
        Show a progress bar: in a notebook, in a terminal, or as lines elsewhere.
    **settings
        Named as the options of `rakuten-bench run`: `results`, `cache`, `data_dir`
        (paths), `jobs`, `threads` (int), `rerun` ("missing", "failed", "timeout", "oom"
        or "all"), `time_limit` ("10m", or seconds), `memory_limit` ("6GB"), `device`,
        `executor`, `scheduler`, `cache_size`.

    Raises
    ------
    UserError
        If the study, a setting or the data are invalid, or the disk is full.

    Examples
    --------
    >>> import rakuten_bench as rb
    >>> board = rb.run("scenarios/grid.yaml", jobs=2)  # doctest: +SKIP
    """
    found = study if isinstance(study, Study) else load_study(study)
    made = build_settings(**settings)
    with choose_display(quiet=not progress) as display, watching(display):
        done = run_study(lambda: found.resolve(made.cache), made, display, found.name)
        for line in iter_note_lines(done.notes):
            display.say(line)
        return done.load_board()


@dataclass(frozen=True)
class Finished:
    """A run that came to its end.

    Attributes
    ----------
    prepared : Prepared
    settings : Settings
    notes : mapping of str to sequence of str
        Remarks of the new records, and the codes of the scenarios that have each.
    """

    prepared: Prepared
    settings: Settings
    notes: Mapping[str, Sequence[str]]

    def load_board(self, top: int | None = None) -> Board:
        """Return the board of the run: without the failures of other files.

        Parameters
        ----------
        top : int or None
            Number of scenarios that will be shown; on a very large board only they are
            compared with each other.
        """
        announce("ranking the scenarios")
        prepared, settings = self.prepared, self.settings
        board = report.load_board(
            settings.results,
            prepared.board,
            prepared.study.metric,
            cache=settings.cache,
            known=self._find_known(),
        )
        board = board.failing_only(prepared.plan.scenarios)
        board = with_standing(board, settings.cache, top)
        return Board(board, settings.cache, settings.data_dir)

    def _find_known(self) -> BoardRows | None:
        """Return the records that the preparation read; None if others were added.

        Those of the study are verified: else they would have been run again.
        """
        prepared = self.prepared
        if prepared.todo:
            return None
        return BoardRows(prepared.board, prepared.rows, prepared.plan.scenarios.keys())

    def is_complete(self, board: Board) -> bool:
        """Return whether every scenario of the study has scores on a board."""
        return not find_unscored(self.prepared.plan, board.rows)


def run_study(
    load: Callable[[], StudySpec],
    settings: Settings,
    display: Display,
    file: str | Path,
    dataset: str | None = None,
) -> Finished:
    """Load a study and run what is missing; the gate knows of it until it has ended.

    Parameters
    ----------
    load : callable
        Returns the study.
    settings : Settings
    display : Display
    file : str or Path
        Names the study.
    dataset : str, optional
        Name of the data set that replaces that of the file.

    Raises
    ------
    UserError
        If the study or the data are invalid, or the disk is full.
    """
    check_results(settings.results)
    with attempting(settings.results, Path(file), _find_dataset(dataset)):
        study = load()
        starting = warm_up(study, settings)
        prepared = prepare(study, settings, pin=True)
        running = Run(prepared, settings, starting)
        for line in _iter_plan_lines(prepared, settings):
            display.say(line)
        for choice, reason in running.find_lacking().items():
            display.say(f"{choice.lever} {choice} can't run on this machine: {reason}.")
        announce("starting workers")
        notes = _follow(running, display)
        for line in _iter_usage_lines(running):
            display.say(line)
    return Finished(running.prepared, settings, notes)


def _find_dataset(name: str | None) -> str | None:
    """Return the name of a data set; `NO_DATASET` if it is unknown."""
    with contextlib.suppress(UserError):  # of a plugin; the run reports it
        if name and name not in {entry.name for entry in DATASETS}:
            return NO_DATASET
    return name


def _iter_plan_lines(prepared: Prepared, settings: Settings) -> Iterator[str]:
    plan = prepared.plan
    yield from describe_others(prepared, settings)
    yield from prepared.study.remarks
    yield from prepared.remarks
    yield from map(clean, prepared.dataset.remarks)
    for reason, count in prepared.study.dropped.items():
        yield f"{number(count, 'combination')} skipped: {reason}."
    for status, count in count_stopped(prepared).items():
        yield (
            f"{number(count, 'scenario')} skipped that exceeded a limit before (status "
            f"'{status}'). To run again: --rerun {status}."
        )
    for damaged in prepared.damaged:
        yield f"{damaged.cause} It is run again."
    yield (
        f"{prepared.board}: {number(len(plan.scenarios), 'scenario')}, "
        f"{len(prepared.todo):,} to run, {number(len(plan.steps), 'step')} "
        f"({plan.n_shared:,} saved by sharing)."
    )


def _follow(running: Run, display: Display) -> dict[str, list[str]]:
    """Run; return the codes of the scenarios that have each note."""
    notes: dict[str, list[str]] = {}
    # an interruption of the display would leave the run suspended: a traceback holds it
    with contextlib.closing(running.events()) as events:
        for progress in events:
            display.show(progress)
            if record := progress.record:
                for note in dict.fromkeys(record.notes):
                    notes.setdefault(note, []).append(record.code)
    return notes


def _iter_usage_lines(running: Run) -> Iterator[str]:
    """Yield measured beside predicted usage, if anything was computed."""
    usage = running.usage
    if not usage.seconds:
        return
    guessed = f", {number(usage.n_guessed, 'step')} guessed" if usage.n_guessed else ""
    yield (
        f"measured {render_duration(usage.seconds)} of work in "
        f"{render_duration(usage.wall)}, {render_size(usage.memory)} at most, "
        f"{render_size(usage.size)} on disk; predicted "
        f"{render_duration(usage.seconds_predicted)}, {render_size(usage.memory_predicted)}, "
        f"{render_size(usage.size_predicted)}{guessed}."
    )
