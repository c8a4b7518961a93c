"""Approve the current records: the next baseline, and how it differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

import msgspec

from rakuten_bench import records
from rakuten_bench.errors import UserError
from rakuten_bench.gate.baseline import (
    Approved,
    ApprovedStudy,
    Baseline,
    Known,
    approve,
    known_as,
    unmeasurable,
)
from rakuten_bench.gate.judge import Judgement, judge
from rakuten_bench.gate.match import Today
from rakuten_bench.gate.results import Results
from rakuten_bench.records import Damaged, Row, plain_name
from rakuten_bench.wording.words import clean, score_words, signed

Place = tuple[str, str]  # board and code
Identified = tuple[str, str, str]  # board, code, scenario file


@dataclass(frozen=True)
class Update:
    """The next baseline.

    Attributes
    ----------
    baseline : Baseline
    n_approved : int
        Scenarios approved now.
    boards : tuple of str
        Their boards.
    remarks : tuple of str
        A line for each scenario that is approved although worse, removed, kept
        unchanged because it can't be measured, or left out.
    """

    baseline: Baseline
    n_approved: int
    boards: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A current scenario: its file and name, and the key of its record."""

    board: str
    code: str
    study: str
    name: str
    key: str | None

    @property
    def place(self) -> Place:
        """Board and code of its record."""
        return self.board, self.code

    @property
    def identity(self) -> tuple[str, str, str]:
        """Board, file and name, which do not depend on its parameters."""
        return plain_name(self.board), self.study, self.name


def update_baseline(
    results: Path,
    old: Baseline,
    today: Today | None = None,
    *,
    rows: bool | None = None,
    boards: Collection[str] | None = None,
    metric: str | None = None,
) -> Update:
    """Approve the current records.

    The scenarios of a file replace its approved ones. Scenarios of other files are kept,
    and those that can't be measured now.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    old : Baseline
        An empty one for the first update.
    today : Today, optional
        Current contents of the scenario files; by default, those of their last runs.
    rows : bool or None
        Whether to store the predictions; by default, as in `old`.
    boards : collection of str, optional
        Approve only records of these.
    metric : {"f1_weighted", "f1_macro", "accuracy"}, optional
        Metric by which the scenarios are approved; by default, that of their files.

    Raises
    ------
    UserError
        If no scenario can be approved, since an empty baseline would always pass; or if
        a file has changed since its last run, or that has not finished.
    """
    today = today or Today.of_last_runs(results)
    _refuse_doubts(today)
    keep_rows = old.has_rows if rows is None else rows
    candidates = [
        one
        for one in _candidates(results, today)
        if boards is None or one.board in boards
    ]
    approved, unfit = _approve(results, candidates, keep_rows)
    if not approved:
        _refuse(results, unfit)
    replaced = _find_replaced(results, old, today, {one.board for one in candidates})
    rest = _sort_rest(candidates, approved, unfit, [*replaced.values()])
    updated = {board for board, _ in approved}
    judgement = _compare(results, old, metric, today, updated)
    joined = _join(old, approved, rest.kept, replaced)
    return Update(
        _with_studies(joined, old, today, metric),
        len(approved),
        tuple(sorted(updated)),
        (*_find_worse(judgement), *rest.remarks),
    )


def _refuse_doubts(today: Today) -> None:
    """Reject files that have changed since their last run, or whose run has not ended."""
    if today.doubts:
        message = "\n".join(f"{study}: {why}." for study, why in today.doubts.items())
        raise UserError(message)


def _compare(
    results: Path,
    old: Baseline,
    metric: str | None,
    today: Today,
    updated: Collection[str],
) -> Judgement:
    """Judge the current records by the old baseline, on the updated boards."""
    plain = {plain_name(board) for board in updated}
    compared = {board for board in old.boards if plain_name(board) in plain}
    return judge(results, old, metric, today=today, boards=compared)


def _candidates(results: Path, today: Today) -> list[Candidate]:
    """Return the current scenarios, or all records if no file's are known."""
    if today.is_known:
        return [
            Candidate(run.board, one.code, run.study, (one.names or [""])[0], one.key)
            for run in today.runs
            for one in run.scenarios
        ]
    candidates = []
    for board in records.iter_boards(results):
        for row in records.iter_rows(results, board):
            study, name = (row.study, row.name) if isinstance(row, Row) else ("", "")
            candidates.append(Candidate(board, row.code, study, name, None))
    return candidates


def _approve(
    results: Path, candidates: list[Candidate], rows: bool
) -> tuple[dict[Place, Approved], dict[Place, str]]:
    """Return the approved scenarios, and why the others are not approved."""
    approved: dict[Place, Approved] = {}
    unfit: dict[Place, str] = {}
    known_by: dict[Place, dict[str, str]] = defaultdict(dict)
    for candidate in candidates:
        known_by[candidate.place].setdefault(candidate.study, candidate.name)
    twins = _duplicates(
        [candidate for candidate in candidates if candidate.key is None]
    )
    boards = Results(results)
    for candidate in candidates:
        folder = results / candidate.board / candidate.code
        row = boards.rows(candidate.board).get(candidate.code)
        reason = twins.get(candidate.place) or _why_unfit(row, candidate)
        if isinstance(row, Row) and not reason:
            reason = unmeasurable(folder, row, boards.verifier(row, candidate.board))
        if reason:
            unfit[candidate.place] = reason
        elif isinstance(row, Row):
            approved[candidate.place] = approve(
                folder, row, rows, known_by[candidate.place]
            )
    return approved, unfit


def _why_unfit(row: Row | Damaged | None, candidate: Candidate) -> str:
    """Return why a record can't be approved; "" if it can."""
    if row is None:
        return f"no record: run {candidate.study}"
    if isinstance(row, Damaged):
        return row.message
    if candidate.key is not None and row.key != candidate.key:
        return f"the record is out of date for {candidate.study}: run it again"
    return ""


def _duplicates(candidates: list[Candidate]) -> dict[Place, str]:
    """Return records of the same scenario, of which the current one is unknown."""
    groups: dict[tuple[str, str, str], list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.name:
            groups[one.board, one.study, one.name].append(one)
    return {
        (one.board, one.code): (
            f"'{one.name}' of {one.study} has several records "
            f"({', '.join(other.code for other in group)}): pass the scenario file"
        )
        for group in groups.values()
        if len(group) > 1
        for one in group
    }


def _refuse(results: Path, unfit: Mapping[Place, str]) -> NoReturn:
    lines = [f"{board}: {code}: {why}" for (board, code), why in unfit.items()]
    message = f"{results}: no scenario has scores, nothing to approve."
    raise UserError("\n".join([message, *lines]))


def _find_replaced(
    results: Path, old: Baseline, today: Today, boards: Collection[str]
) -> dict[Identified, Known]:
    """Return the approved scenarios that the current ones replace.

    Those of the same files on the current boards, and on boards that the files no longer
    use, unless they still do with `--dataset`.
    """
    plain = {plain_name(board) for board in boards}
    if not today.is_known:
        chosen = [one for one in old.iter_known() if plain_name(one.board) in plain]
    else:
        studies = {run.study for run in today.runs}
        last = records.iter_study_runs(results)
        in_use = {(run.study, plain_name(run.board)) for run in last}
        chosen = [
            known
            for known in old.iter_known()
            if known.study in studies
            if plain_name(known.board) in plain
            or (known.study, plain_name(known.board)) not in in_use
        ]
    return {(known.board, known.code, known.study): known for known in chosen}


def _join(
    old: Baseline,
    approved: Mapping[Place, Approved],
    kept: Collection[Known],
    replaced: Mapping[Identified, Known],
) -> Baseline:
    """Return the approved scenarios merged with those kept of the old baseline."""
    merged: dict[Place, Approved] = {}
    for known in old.iter_known():
        is_replaced = (known.board, known.code, known.study) in replaced
        if is_replaced and known not in kept:
            continue
        place = known.board, known.code
        names = merged[place].known_by if place in merged else {}
        merged[place] = known_as(known.approved, {**names, known.study: known.name})
    for place, scenario in sorted(approved.items()):
        key = _choose_key(place, scenario, merged)
        names = merged[key].known_by if key in merged else {}
        merged[key] = known_as(scenario, {**names, **scenario.known_by})
    boards: dict[str, dict[str, Approved]] = defaultdict(dict)
    for (board, code), scenario in merged.items():
        boards[board][code] = scenario
    return Baseline(boards=dict(boards))


def _with_studies(
    baseline: Baseline, old: Baseline, today: Today, metric: str | None
) -> Baseline:
    """Return a baseline with the files of its scenarios."""
    now = {
        run.study: ApprovedStudy(
            path=today.paths.get(run.study, ""), metric=metric or run.metric
        )
        for run in today.runs
    }
    known = {**old.studies, **now}
    studies = {study: known[study] for study in baseline.names & known.keys()}
    return msgspec.structs.replace(baseline, studies=studies)


def _choose_key(place: Place, one: Approved, merged: Mapping[Place, Approved]) -> Place:
    """Return the key of a scenario in the baseline: with its board's plain name.

    Which data get the plain name in a results folder depends on the order of runs. If the
    plain name is taken by other data in the baseline, the board's full name is used.
    """
    board, code = place
    plain = plain_name(board), code
    other = merged.get(plain)
    identity = (one.data, one.split, one.seed)
    is_free = other is None or (other.data, other.split, other.seed) == identity
    return plain if is_free else place


class _Rest(NamedTuple):
    """Scenarios that are not approved now: kept entries, and remarks on all."""

    kept: list[Known]
    remarks: list[str]


def _sort_rest(
    candidates: Sequence[Candidate],
    approved: Mapping[Place, Approved],
    unfit: Mapping[Place, str],
    replaced: Collection[Known],
) -> _Rest:
    """Sort the scenarios not approved into kept, removed and left out."""
    by_identity = {one.identity: one for one in candidates if one.name}
    by_code = {(one.study, plain_name(one.board), one.code): one for one in candidates}
    anew = {(plain_name(board), code) for board, code in approved}
    kept, remarks, reported = [], [], set()
    for known in replaced:
        board = plain_name(known.board)
        one = by_identity.get((board, known.study, known.name))
        one = one or by_code.get((known.study, board, known.code))
        if one is None:
            remarks.append(f"removed: {known}")
        elif one.place in unfit and (board, known.code) not in anew:
            kept.append(known)
            reported.add(one.place)
            remarks.append(f"kept unchanged: {known}: {unfit[one.place]}")
    remarks += [
        f"left out: {board}: {code}: {reason}"
        for (board, code), reason in unfit.items()
        if (board, code) not in reported
    ]
    return _Rest(kept, remarks)


def _find_worse(judgement: Judgement) -> Iterator[str]:
    """Yield a line for each approved scenario that is worse or can't be compared."""
    for verdict in judgement.verdicts:
        where = f"{verdict.board}: {verdict.code_now or verdict.code}"
        named = f" '{clean(verdict.name)}'" if verdict.name else ""
        if verdict.status == "not comparable":
            yield f"approved without comparison: {where}{named}: {verdict.reason}"
        elif verdict.before is not None and (verdict.change or 0) < 0:
            how = (
                "worse" if verdict.status == "regressed" else "lower, not significantly"
            )
            yield (
                f"approved as {how}: {where}{named}: {score_words(verdict.before)} to "
                f"{score_words(verdict.now or 0)} ({signed(verdict.change or 0)}; "
                f"{verdict.reason})"
            )
