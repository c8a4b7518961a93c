"""Approving what the records say now: the next baseline, and what changes with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

import msgspec

from rakuten_bench import records
from rakuten_bench.check.baseline import (
    Approved,
    ApprovedStudy,
    Baseline,
    Known,
    approve,
    known_as,
    unmeasurable,
)
from rakuten_bench.check.judge import Judgement, judge
from rakuten_bench.check.match import Today
from rakuten_bench.check.results import Results
from rakuten_bench.errors import UserError
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
        Scenarios that were written anew.
    boards : tuple of str
        Theirs.
    remarks : tuple of str
        A line for each scenario that is approved as worse, removed, kept as it was
        because it can't be measured, or left out.
    """

    baseline: Baseline
    n_approved: int
    boards: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scenario of today: what its file calls it, and the record it has to have."""

    board: str
    code: str
    study: str
    name: str
    key: str | None

    @property
    def place(self) -> Place:
        """Of its record."""
        return self.board, self.code

    @property
    def identity(self) -> tuple[str, str, str]:
        """What it is whatever its parameters, on its board."""
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
    """Approve what today's records say.

    The scenarios of a file take the place of those that it had. What other files have is
    kept; so is what can't be measured today.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    old : Baseline
        An empty one to start with.
    today : Today, optional
        What the scenario files have; what they had in their last runs where not given.
    rows : bool or None
        Whether to keep the predictions; None for as `old` does.
    boards : collection of str, optional
        Only records of these.
    metric : {"f1_weighted", "f1_macro", "accuracy"}, optional
        By which the scenarios are approved; that of their files where not given.

    Raises
    ------
    UserError
        If there is nothing to approve: an empty baseline would pass for ever; or if a
        file has changed since its last run, or that has not ended.
    """
    today = today or Today.of_last_runs(results)
    if today.doubts:
        message = "\n".join(f"{study}: {why}." for study, why in today.doubts.items())
        raise UserError(message)
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
    left = _look_at_the_rest(candidates, approved, unfit, [*replaced.values()])
    updated = {board for board, _ in approved}
    judgement = _compare(results, old, metric, today, updated)
    joined = _join(old, approved, left.kept, replaced)
    return Update(
        _with_studies(joined, old, today, metric),
        len(approved),
        tuple(sorted(updated)),
        (*_find_worse(judgement), *left.remarks),
    )


def _compare(
    results: Path,
    old: Baseline,
    metric: str | None,
    today: Today,
    updated: Collection[str],
) -> Judgement:
    """Judge today's records by the old baseline, on the boards that are updated."""
    plain = {plain_name(board) for board in updated}
    compared = {board for board in old.boards if plain_name(board) in plain}
    return judge(results, old, metric, today=today, boards=compared)


def _candidates(results: Path, today: Today) -> list[Candidate]:
    """Return the scenarios of today, or all records where no file's are known."""
    if today.is_known:
        return [
            Candidate(run.board, one.code, run.study, (one.names or [""])[0], one.key)
            for run in today.runs
            for one in run.scenarios
        ]
    found = []
    for board in records.iter_boards(results):
        for row in records.iter_rows(results, board):
            study, name = (row.study, row.name) if isinstance(row, Row) else ("", "")
            found.append(Candidate(board, row.code, study, name, None))
    return found


def _approve(
    results: Path, candidates: list[Candidate], rows: bool
) -> tuple[dict[Place, Approved], dict[Place, str]]:
    """Return what is approved, and why the rest is not."""
    approved: dict[Place, Approved] = {}
    unfit: dict[Place, str] = {}
    known_by: dict[Place, dict[str, str]] = defaultdict(dict)
    for one in candidates:
        known_by[one.place].setdefault(one.study, one.name)
    twins = _twins([one for one in candidates if one.key is None])
    boards = Results(results)
    for one in candidates:
        folder = results / one.board / one.code
        row = boards.rows(one.board).get(one.code)
        reason = twins.get(one.place) or _why_unfit(row, one)
        if isinstance(row, Row) and not reason:
            reason = unmeasurable(folder, row, boards.verifier(row, one.board))
        if reason:
            unfit[one.place] = reason
        elif isinstance(row, Row):
            approved[one.place] = approve(folder, row, rows, known_by[one.place])
    return approved, unfit


def _why_unfit(row: Row | Damaged | None, one: Candidate) -> str:
    """Say why a record can't be approved; "" where it can."""
    if row is None:
        return f"no record: run {one.study}"
    if isinstance(row, Damaged):
        return row.message
    if one.key is not None and row.key != one.key:
        return f"the record is not of what {one.study} asks for today: run it again"
    return ""


def _twins(candidates: list[Candidate]) -> dict[Place, str]:
    """Say which records are of one scenario, where it is not known which is today's."""
    groups: dict[tuple[str, str, str], list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.name:
            groups[one.board, one.study, one.name].append(one)
    return {
        (one.board, one.code): (
            f"'{one.name}' of {one.study} has several records "
            f"({', '.join(other.code for other in group)}): name the scenario file"
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
    """Return the approved scenarios whose place is taken by those of today.

    Those of the same files on the boards of today, and on boards that the files have
    left, unless `--dataset` brings them there still.
    """
    plain = {plain_name(board) for board in boards}
    if not today.is_known:
        chosen = [one for one in old.iter_known() if plain_name(one.board) in plain]
    else:
        studies = {run.study for run in today.runs}
        last = records.iter_study_runs(results)
        still = {(run.study, plain_name(run.board)) for run in last}
        chosen = [
            known
            for known in old.iter_known()
            if known.study in studies
            if plain_name(known.board) in plain
            or (known.study, plain_name(known.board)) not in still
        ]
    return {(known.board, known.code, known.study): known for known in chosen}


def _join(
    old: Baseline,
    approved: Mapping[Place, Approved],
    kept: Collection[Known],
    replaced: Mapping[Identified, Known],
) -> Baseline:
    """Return the approved scenarios with those of the old baseline that stay."""
    found: dict[Place, Approved] = {}
    for known in old.iter_known():
        is_replaced = (known.board, known.code, known.study) in replaced
        if is_replaced and known not in kept:
            continue
        place = known.board, known.code
        names = found[place].known_by if place in found else {}
        found[place] = known_as(known.approved, {**names, known.study: known.name})
    for place, one in sorted(approved.items()):
        key = _choose_key(place, one, found)
        names = found[key].known_by if key in found else {}
        found[key] = known_as(one, {**names, **one.known_by})
    boards: dict[str, dict[str, Approved]] = defaultdict(dict)
    for (board, code), one in found.items():
        boards[board][code] = one
    return Baseline(boards=dict(boards))


def _with_studies(
    baseline: Baseline, old: Baseline, today: Today, metric: str | None
) -> Baseline:
    """Return a baseline with the files that its scenarios are of."""
    now = {
        run.study: ApprovedStudy(
            path=today.paths.get(run.study, ""), metric=metric or run.metric
        )
        for run in today.runs
    }
    known = {**old.studies, **now}
    studies = {study: known[study] for study in baseline.names & known.keys()}
    return msgspec.structs.replace(baseline, studies=studies)


def _choose_key(place: Place, one: Approved, found: Mapping[Place, Approved]) -> Place:
    """Return where a scenario stands in the baseline: on the plain name of its board.

    Which data have that name in a results folder is chance; where two have it in the
    baseline, the second one keeps its own.
    """
    board, code = place
    plain = plain_name(board), code
    other = found.get(plain)
    ours = (one.data, one.split, one.seed)
    is_free = other is None or (other.data, other.split, other.seed) == ours
    return plain if is_free else place


class _Left(NamedTuple):
    """What became of scenarios that were approved or could have been."""

    kept: list[Known]
    remarks: list[str]


def _look_at_the_rest(
    candidates: Sequence[Candidate],
    approved: Mapping[Place, Approved],
    unfit: Mapping[Place, str],
    replaced: Collection[Known],
) -> _Left:
    """Find what stays as it was, what is removed, and what is left out."""
    by_identity = {one.identity: one for one in candidates if one.name}
    by_code = {(one.study, plain_name(one.board), one.code): one for one in candidates}
    anew = {(plain_name(board), code) for board, code in approved}
    kept, remarks, told = [], [], set()
    for known in replaced:
        board = plain_name(known.board)
        one = by_identity.get((board, known.study, known.name))
        one = one or by_code.get((known.study, board, known.code))
        if one is None:
            remarks.append(f"removed: {known}")
        elif one.place in unfit and (board, known.code) not in anew:
            kept.append(known)
            told.add(one.place)
            remarks.append(f"kept as it was: {known}: {unfit[one.place]}")
    remarks += [
        f"left out: {board}: {code}: {reason}"
        for (board, code), reason in unfit.items()
        if (board, code) not in told
    ]
    return _Left(kept, remarks)


def _find_worse(judgement: Judgement) -> Iterator[str]:
    """Say what is approved though it scores less than before, or can't be compared."""
    for verdict in judgement.verdicts:
        where = f"{verdict.board}: {verdict.code_now or verdict.code}"
        named = f" '{clean(verdict.name)}'" if verdict.name else ""
        if verdict.status == "not comparable":
            yield f"approved without comparison: {where}{named}: {verdict.reason}"
        elif verdict.before is not None and (verdict.change or 0) < 0:
            how = "worse" if verdict.status == "regressed" else "lower, but not surely"
            yield (
                f"approved as {how}: {where}{named}: {score_words(verdict.before)} to "
                f"{score_words(verdict.now or 0)} ({signed(verdict.change or 0)}; "
                f"{verdict.reason})"
            )
