"""Which record is today's of each approved scenario.

What a scenario file has today is asked of the file (`check FILE`), or of its last run
(`records.StudyRun`); never of the clock. Only a results folder that no such run has
written to is searched for records of the same file and name.
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
from rakuten_bench.check.baseline import Baseline, Known
from rakuten_bench.check.results import Results
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

#: How a record is named that was found without knowing what its file has today.
BY_NAME = "matched by name alone"


@dataclass(frozen=True)
class Today:
    """What scenario files have today.

    Attributes
    ----------
    runs : tuple of StudyRun
    is_named : bool
        Whether the files were named: then only their scenarios are judged. Otherwise
        the runs are the last ones of every file, and all scenarios are.
    changed : mapping of str to str
        Scenario file -> why its last run says no more what it has.
    remarks : tuple of str
        Sentences about what the runs may not say.
    unfinished : tuple of (str, str)
        Scenario files whose last run was refused or stopped, and what to do about it:
        the run before says no more what they have.
    paths : mapping of str to str
        Scenario file -> its path from the baseline; "" where there is none.
    """

    runs: tuple[StudyRun, ...] = ()
    is_named: bool = False
    changed: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    unfinished: tuple[tuple[str, str], ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_last_runs(cls, results: Path) -> Today:
        """Return what every file had when it was last run, on the boards of its data."""
        found: dict[tuple[str, Identity], str] = {}
        runs = []
        for run in records.iter_study_runs(results):
            place = plain_name(run.board), Identity(run.data, run.split, run.seed)
            if place not in found:
                found[place] = records.find_board(results, *place)
            runs.append(msgspec.structs.replace(run, board=found[place]))
        return cls(tuple(runs))

    @property
    def is_known(self) -> bool:
        """Whether it is known what any file has."""
        return self.is_named or bool(self.runs)

    @property
    def doubts(self) -> dict[str, str]:
        """Scenario file -> why it is not known what it has today."""
        return {**self.changed, **dict(reversed(self.unfinished))}

    @property
    def metrics(self) -> dict[str, str]:
        """Scenario file -> what its boards are sorted by, where that is known."""
        return {run.study: run.metric for run in self.runs if run.metric}


@dataclass(frozen=True, slots=True)
class Match:
    """An approved scenario and its record.

    Attributes
    ----------
    row : Row or None
        None where there is a problem.
    code, board : str
        Of the record; "" where none is known.
    study : str
        Scenario file that asks for it today; "" where none is known.
    status, problem : str
        Why it can't be measured; "" where it can.
    how : str
        How the record was found, where that is not certain.
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
    """Finds today's record of each scenario of a baseline.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    baseline : Baseline
    today : Today
    boards : collection of str, optional
        Only scenarios of these are judged.
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
        """The match of each scenario that is to be judged."""
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
        """Sentences about files that are taken for approved ones by other names."""
        pairs = Counter(
            (match.known.study, match.study)
            for match in self.matches
            if match.study and match.known.study and match.study not in self._studies
        )
        return [
            f"{number(count, 'scenario')} of {study} judged by {other}, which the baseline "
            f"does not know. --update approves it."
            for (study, other), count in sorted(pairs.items())
        ]

    def iter_new(self) -> Iterator[tuple[str, str, str]]:
        """Yield board, code and name of each scenario of today that is not approved."""
        codes = {(plain_name(m.known.board), m.known.code) for m in self.matches}
        codes |= {(plain_name(m.known.board), m.code) for m in self.matches}
        boards = {plain_name(known.board) for known in self.known}
        if self.today.is_known:
            found = {
                (plain_name(run.board), one.code): ", ".join(one.names)
                for run in self.today.runs
                for one in run.scenarios
                if plain_name(run.board) in boards
            }
        else:
            found = {
                (board, row.code): row.name
                for board in boards
                for row in self.results.rows(board).values()
                if isinstance(row, Row)
            }
        for board, code in sorted(found.keys() - codes):
            yield board, code, found[board, code]

    def iter_damaged(self) -> Iterator[Damaged]:
        """Yield records that can't be read where any may be an approved scenario's."""
        if self.today.is_known:
            return
        told = {(match.known.board, match.code) for match in self.matches}
        for board in sorted({known.board for known in self.known}):
            for row in self.results.rows(board).values():
                if isinstance(row, Damaged) and (board, row.code) not in told:
                    yield row

    def _is_asked(self, known: Known) -> bool:
        """Tell whether a scenario is to be judged: it is of today's files.

        What an earlier split or data set left on another board is not, where the same
        scenario is approved on today's.
        """
        runs = self._candidates(known)
        if not runs:
            return not self.today.is_named
        boards = {plain_name(run.board) for run in runs}
        is_there = plain_name(known.board) in boards
        return is_there or not boards & self._boards_of[known.identity]

    def _candidates(self, known: Known) -> list[StudyRun]:
        """Return the runs of the file that a scenario is in, that of its board first.

        A file that the baseline does not know may be one of its files renamed.
        """
        runs = self.today.runs
        own = [run for run in runs if run.study == known.study]
        found = own or [
            run
            for run in runs
            if _is_board(known, run) and known.code in run.by_code
            if run.study not in known.approved.known_by
        ]
        found = found or [
            run for run in runs if not known.study or run.study not in self._studies
        ]
        return sorted(found, key=lambda run: not _is_board(known, run))

    def _match(self, known: Known) -> Match:
        if doubt := self.today.doubts.get(known.study):
            return Match(known, problem=doubt)
        if self.today.is_known:
            return self._match_by_run(known)
        return self._match_by_name(known)

    def _match_by_run(self, known: Known) -> Match:
        """Match a scenario by what its file has, or had when it was last run."""
        runs = self._candidates(known)
        found = self._find(known, runs)
        problem = self._why_unknown(known, runs, found)
        if found is None or problem:
            return Match(known, problem=problem)
        return self._look_up(known, *found)

    def _why_unknown(
        self, known: Known, runs: Sequence[StudyRun], found: Found | None
    ) -> str:
        """Say why it is not known which scenario of today it is; "" where it is."""
        if not runs:
            return (
                f"no run of {known.study} is known here: run it, or name the file if it "
                f"has another name by now"
            )
        if found is None:
            return _gone(known, runs)
        return self._find_renamed(known, found)

    def _find(self, known: Known, runs: Sequence[StudyRun]) -> Found | None:
        """Return the first run that has a scenario, by name or else by code.

        In another file that is approved as well a name may mean something else.
        """
        for run in runs:
            is_other = run.study != known.study and run.study in self._studies
            named = None if is_other else run.by_name.get(known.name)
            one = named or run.by_code.get(known.code)
            if one is not None:
                return run, one
        return None

    def _find_renamed(self, known: Known, found: Found) -> str:
        """Say that a file that the baseline does not know may be the approved one by now.

        Where it is that file renamed, or copied and edited, the old records of the
        scenario must not pass for today's.
        """
        if self.today.is_named or found[0].study != known.study:
            return ""
        for run in self.today.runs:
            if not _is_board(known, run) or run.study in self._studies:
                continue
            one = run.by_name.get(known.name) or run.by_code.get(known.code)
            if one is not None and one.code != found[1].code:
                return _say_doubtful(run, "has another one of this name")
            if one is None and _is_copy(run, found[0]):
                return _say_doubtful(run, f"is much like {known.study}, without it")
        return ""

    def _look_up(self, known: Known, run: StudyRun, one: RunScenario) -> Match:
        """Return the record that a run has asked for, unless it is of something else."""
        match = Match(known, code=one.code, board=run.board, study=run.study)
        if not _is_board(known, run):
            problem = f"{run.study} is on the board {run.board} by now"
            return replace(match, status="not comparable", problem=problem)
        row = self.results.rows(run.board).get(one.code)
        if isinstance(row, Row) and row.key == one.key:
            return replace(match, row=row)
        return replace(match, problem=_say_missing(row, run))

    def _match_by_name(self, known: Known) -> Match:
        """Match a scenario where no run of any file is known."""
        rows = self.results.rows(known.board)
        named = [
            row
            for row in rows.values()
            if isinstance(row, Row)
            and known.name
            and row.name == known.name
            and row.study == PurePosixPath(known.study).name
        ]
        if len(named) > 1:
            codes = ", ".join(row.code for row in named)
            problem = f"several records of this name ({codes}): name the scenario file"
            return Match(known, problem=problem)
        row = named[0] if named else rows.get(known.code)
        if row is None:
            return self._elsewhere(known)
        match = Match(known, code=row.code, board=known.board, how=BY_NAME)
        if isinstance(row, Damaged):
            return replace(match, problem=row.message)
        return replace(match, row=row)

    def _elsewhere(self, known: Known) -> Match:
        """Say where a scenario without record has one: on another split."""
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
    """Tell whether a run is on the board of a scenario, whatever else is on its name.

    Which data the plain name is of, and which are told apart by their identity, is up
    to the results folder.
    """
    return plain_name(run.board) == plain_name(known.board)


def _is_copy(run: StudyRun, of: StudyRun) -> bool:
    """Tell whether a file has the plain name of another one, and scenarios of it."""
    shared = {*run.by_code} & {*of.by_code} or {*run.by_name} & {*of.by_name}
    is_namesake = PurePosixPath(run.study).name == PurePosixPath(of.study).name
    return is_namesake and bool(shared)


def _say_doubtful(run: StudyRun, what: str) -> str:
    return (
        f"{run.study}, which the baseline does not know, {what}: name the file that "
        f"counts, or approve both with --update"
    )


def _gone(known: Known, runs: Sequence[StudyRun]) -> str:
    """Say that a scenario is in no file any more."""
    files = ", ".join(dict.fromkeys(run.study for run in runs))
    if all(run.study == known.study for run in runs):
        what = f"no longer in {files}"
    else:
        of = known.study or "a file without name"
        what = f"not in {files}; it was approved from {of}"
    return f"{what}. If that is meant, approve it with --update"


def _say_missing(row: Row | Damaged | None, run: StudyRun) -> str:
    """Say what there is instead of the record that a scenario file asks for."""
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
    return f"the record is of other {other} than today's: run {run.study} again"
