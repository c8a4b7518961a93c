"""Match each approved scenario with its current record.

The current scenarios of a file are those in the file (`check FILE`), or those of its last
run (`records.StudyRun`); file times are never used. Only in a results folder without such
runs are records matched by file and name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from rakuten_bench import records
from rakuten_bench.gate.baseline import Baseline, Known
from rakuten_bench.gate.results import Results
from rakuten_bench.records import (
    Damaged,
    Identity,
    Row,
    RunScenario,
    StudyRun,
    dataset_of,
    plain_name,
)
from rakuten_bench.wording.words import number

#: Note on a match made without knowing the current scenarios of the file.
BY_NAME = "matched by name only"


@dataclass(frozen=True)
class Today:
    """Current scenarios of the scenario files.

    Attributes
    ----------
    runs : tuple of StudyRun
    is_named : bool
        Whether the files were given: then only their scenarios are judged. Otherwise
        the runs are the last ones of all files, and all scenarios are judged.
    changed : mapping of str to str
        Scenario file -> why its last run is out of date.
    remarks : tuple of str
        Sentences on runs that may be out of date.
    unfinished : tuple of (str, str)
        Scenario files whose last run was refused or stopped, and the remedy: the
        previous run is out of date.
    paths : mapping of str to str
        Scenario file -> its path relative to the baseline; "" if it has none.
    """

    runs: tuple[StudyRun, ...] = ()
    is_named: bool = False
    changed: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    unfinished: tuple[tuple[str, str], ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_last_runs(cls, results: Path) -> Today:
        """Return the scenarios of the last run of each file, on the boards of its data."""
        boards: dict[tuple[str, Identity], str] = {}
        runs = []
        for run in records.iter_study_runs(results):
            identity = plain_name(run.board), Identity(run.data, run.split, run.seed)
            if identity not in boards:
                boards[identity] = records.find_board(results, *identity)
            runs.append(msgspec.structs.replace(run, board=boards[identity]))
        return cls(tuple(runs))

    @property
    def is_known(self) -> bool:
        """Whether the current scenarios of any file are known."""
        return self.is_named or bool(self.runs)

    @property
    def doubts(self) -> dict[str, str]:
        """Scenario file -> why its current scenarios are unknown."""
        return {**self.changed, **dict(reversed(self.unfinished))}

    @property
    def metrics(self) -> dict[str, str]:
        """Scenario file -> metric that sorts its boards, if known."""
        return {run.study: run.metric for run in self.runs if run.metric}


@dataclass(frozen=True, slots=True)
class Match:
    """An approved scenario and its record.

    Attributes
    ----------
    row : Row or None
        None if there is a problem.
    code, board : str
        Of the record; "" if unknown.
    study : str
        Scenario file that now defines it; "" if unknown.
    status, problem : str
        Why it can't be measured; "" if it can.
    how : str
        How the record was matched, if the match is uncertain.
    """

    known: Known
    row: Row | None = None
    code: str = ""
    board: str = ""
    study: str = ""
    status: Literal["missing", "not comparable"] = "missing"
    problem: str = ""
    how: str = ""


Found = tuple[StudyRun, RunScenario]


class Matcher:
    """Finds the current record of each scenario of a baseline.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    baseline : Baseline
    today : Today
    boards : collection of str, optional
        Judge only scenarios of these.
    """

    def __init__(
        self,
        results: Path,
        baseline: Baseline,
        today: Today,
        boards: Collection[str] | None = None,
    ) -> None:
        self.results = Results(results)
        self.today = today
        everything = list(baseline.iter_known())
        self.known = [
            one for one in everything if boards is None or one.board in boards
        ]
        self._studies = {known.study for known in everything}
        self._boards_of: dict[tuple[str, str], set[str]] = defaultdict(set)
        for known in everything:
            self._boards_of[known.identity].add(plain_name(known.board))

    @cached_property
    def matches(self) -> list[Match]:
        """Matches of the scenarios to judge."""
        return [self._match(known) for known in self.known if self._is_asked(known)]

    @cached_property
    def not_asked(self) -> list[str]:
        """Sentences about scenarios of the baseline that are not judged."""
        counts = Counter(
            known.study or "no file"
            for known in self.known
            if not self._is_asked(known)
        )
        return [
            f"{number(count, 'scenario')} of {study} in the baseline not checked."
            for study, count in sorted(counts.items())
        ]

    @cached_property
    def guessed(self) -> list[str]:
        """Sentences about files that are assumed to be renamed approved files."""
        pairs = Counter(
            (match.known.study, match.study)
            for match in self.matches
            if match.study and match.known.study and match.study not in self._studies
        )
        return [
            f"{number(count, 'scenario')} of {study} judged by {other}, which is not in the "
            f"baseline. To approve it, use --update."
            for (study, other), count in sorted(pairs.items())
        ]

    def iter_new(self) -> Iterator[tuple[str, str, str]]:
        """Yield board, code and name of each current scenario that is not approved."""
        codes = {(plain_name(m.known.board), m.known.code) for m in self.matches}
        codes |= {(plain_name(m.known.board), m.code) for m in self.matches}
        boards = {plain_name(known.board) for known in self.known}
        if self.today.is_known:
            names = {
                (plain_name(run.board), one.code): ", ".join(one.names)
                for run in self.today.runs
                for one in run.scenarios
                if plain_name(run.board) in boards
            }
        else:
            names = {
                (board, row.code): row.name
                for board in boards
                for row in self.results.rows(board).values()
                if isinstance(row, Row)
            }
        for board, code in sorted(names.keys() - codes):
            yield board, code, names[board, code]

    def iter_damaged(self) -> Iterator[Damaged]:
        """Yield unreadable records that may belong to an approved scenario."""
        if self.today.is_known:
            return
        reported = {(match.known.board, match.code) for match in self.matches}
        for board in sorted({known.board for known in self.known}):
            for row in self.results.rows(board).values():
                if isinstance(row, Damaged) and (board, row.code) not in reported:
                    yield row

    def _is_asked(self, known: Known) -> bool:
        """Return whether a scenario is to be judged: it belongs to a current file.

        A scenario on the board of an earlier split or data set is not judged if it is
        also approved on a current board.
        """
        runs = self._candidates(known)
        if not runs:
            return not self.today.is_named
        boards = {plain_name(run.board) for run in runs}
        is_current = plain_name(known.board) in boards
        return is_current or not boards & self._boards_of[known.identity]

    def _candidates(self, known: Known) -> list[StudyRun]:
        """Return the runs of a scenario's file, that on its board first.

        A file that is not in the baseline may be a renamed file of the baseline.
        """
        runs = self.today.runs
        candidates = [run for run in runs if run.study == known.study]
        candidates = candidates or [
            run
            for run in runs
            if _is_board(known, run) and known.code in run.by_code
            if run.study not in known.approved.known_by
        ]
        candidates = candidates or [
            run for run in runs if not known.study or run.study not in self._studies
        ]
        return sorted(candidates, key=lambda run: not _is_board(known, run))

    def _match(self, known: Known) -> Match:
        if doubt := self.today.doubts.get(known.study):
            return Match(known, problem=doubt)
        if self.today.is_known:
            return self._match_by_run(known)
        return self._match_by_name(known)

    def _match_by_run(self, known: Known) -> Match:
        """Match a scenario by the current scenarios of its file."""
        runs = self._candidates(known)
        found = self._find(known, runs)
        problem = self._why_unknown(known, runs, found)
        if found is None or problem:
            return Match(known, problem=problem)
        return self._look_up(known, *found)

    def _why_unknown(
        self, known: Known, runs: Sequence[StudyRun], found: Found | None
    ) -> str:
        """Return why the scenario can't be matched; "" if it is matched."""
        if not runs:
            return (
                f"no run of {known.study} in the results folder: run it, or pass the "
                f"file if it was renamed"
            )
        if found is None:
            return _gone(known, runs)
        return self._find_renamed(known, found)

    def _find(self, known: Known, runs: Sequence[StudyRun]) -> Found | None:
        """Return the first run that contains a scenario, by name or else by code.

        Names of another approved file are not used: they may be other scenarios.
        """
        for run in runs:
            is_other = run.study != known.study and run.study in self._studies
            by_name = None if is_other else run.by_name.get(known.name)
            scenario = by_name or run.by_code.get(known.code)
            if scenario is not None:
                return run, scenario
        return None

    def _find_renamed(self, known: Known, found: Found) -> str:
        """Return a problem if an unknown file may be the renamed approved file.

        If the file was renamed, or copied and edited, the scenario's old records must not
        count as current.
        """
        if self.today.is_named or found[0].study != known.study:
            return ""
        for run in self.today.runs:
            if not _is_board(known, run) or run.study in self._studies:
                continue
            scenario = run.by_name.get(known.name) or run.by_code.get(known.code)
            if scenario is not None and scenario.code != found[1].code:
                return _say_doubtful(run, "has another scenario of this name")
            if scenario is None and _is_copy(run, found[0]):
                return _say_doubtful(run, f"resembles {known.study}, without this one")
        return ""

    def _look_up(self, known: Known, run: StudyRun, scenario: RunScenario) -> Match:
        """Return the record of a run's scenario, if it has the run's key."""
        match = Match(known, code=scenario.code, board=run.board, study=run.study)
        if not _is_board(known, run):
            problem = f"{run.study} is now on the board {run.board}"
            return replace(match, status="not comparable", problem=problem)
        row = self.results.rows(run.board).get(scenario.code)
        if isinstance(row, Row) and row.key == scenario.key:
            return replace(match, row=row)
        return replace(match, problem=_say_missing(row, run))

    def _match_by_name(self, known: Known) -> Match:
        """Match a scenario by file and name, without runs."""
        rows = self.results.rows(known.board)
        namesakes = [
            row
            for row in rows.values()
            if isinstance(row, Row)
            and known.name
            and row.name == known.name
            and row.study == PurePosixPath(known.study).name
        ]
        if len(namesakes) > 1:
            codes = ", ".join(row.code for row in namesakes)
            problem = f"several records of this name ({codes}): pass the scenario file"
            return Match(known, problem=problem)
        row = namesakes[0] if namesakes else rows.get(known.code)
        if row is None:
            return self._elsewhere(known)
        match = Match(known, code=row.code, board=known.board, how=BY_NAME)
        if isinstance(row, Damaged):
            return replace(match, problem=row.message)
        return replace(match, row=row)

    def _elsewhere(self, known: Known) -> Match:
        """Return the match of a scenario without record, or with one on another split."""
        dataset = dataset_of(known.board)
        others = [
            board
            for board in records.iter_boards(self.results.folder)
            if dataset_of(board) == dataset and board != known.board
            if records.has_record(self.results.folder / board / known.code)
        ]
        if not others:
            return Match(known, problem="no record")
        problem = f"no record on this split, one on another: {', '.join(others)}"
        return Match(known, status="not comparable", problem=problem)


def _is_board(known: Known, run: StudyRun) -> bool:
    """Return whether a run is on the board of a scenario, compared by plain name.

    The suffix that separates different data with the same name depends on the results
    folder.
    """
    return plain_name(run.board) == plain_name(known.board)


def _is_copy(run: StudyRun, of: StudyRun) -> bool:
    """Return whether two files have the same plain name and common scenarios."""
    shared = {*run.by_code} & {*of.by_code} or {*run.by_name} & {*of.by_name}
    is_namesake = PurePosixPath(run.study).name == PurePosixPath(of.study).name
    return is_namesake and bool(shared)


def _say_doubtful(run: StudyRun, what: str) -> str:
    return (
        f"{run.study}, which is not in the baseline, {what}: pass the file to check, or "
        f"approve both with --update"
    )


def _gone(known: Known, runs: Sequence[StudyRun]) -> str:
    """Return the problem of a scenario that is no longer in any file."""
    files = ", ".join(dict.fromkeys(run.study for run in runs))
    if all(run.study == known.study for run in runs):
        what = f"no longer in {files}"
    else:
        of = known.study or "a file without name"
        what = f"not in {files}; approved from {of}"
    return f"{what}. If this is intended, approve it with --update"


def _say_missing(row: Row | Damaged | None, run: StudyRun) -> str:
    """Return why the current record of a scenario is missing."""
    if row is None:
        return f"no record: run {run.study}"
    if isinstance(row, Damaged):
        return row.message
    pairs = {
        "data": (row.dataset.fingerprint, run.data),
        "split": (row.split.fingerprint, run.split),
        "seed": (str(row.seed), str(run.seed)),
    }
    differ = [what for what, (had, has) in pairs.items() if had != has]
    other = differ[0] if differ else "code, packages or files"
    return f"the record is out of date ({other} changed): run {run.study} again"
