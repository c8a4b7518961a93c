"""Each scenario against its baseline: a paired test where rows are there.

Where the baseline keeps predictions and they are of the same rows, the difference is
tested by a paired bootstrap, and Holm's correction over all tested scenarios keeps the
chance of a false alarm at 5 %. Where it keeps only the scores, a fall by more than a
tolerance counts, and for a clustering always: it is held to its adjusted Rand index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rakuten_bench import metrics, records
from rakuten_bench.check.baseline import (
    Approved,
    Baseline,
    find_newest,
    identity,
    rounded_scores,
)
from rakuten_bench.metrics import Difference
from rakuten_bench.records import Damaged, DamagedRecord, Predictions, Row

Status = Literal["ok", "improved", "regressed", "missing", "not comparable", "new"]

#: What a clustering is held to: its adjusted Rand index.
CLUSTERS = "ari"

#: A fall of the score that counts where rows can't be compared.
TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one scenario.

    Attributes
    ----------
    before, now : float or None
        The score in the baseline and in the record.
    difference : Difference or None
        From the paired test, its p-value corrected; None where there was none.
    code_now : str
        Where a scenario of this name has another code by now.
    reason : str
        Why it can't be measured, or how it was judged.
    metric : str
        What `before` and `now` are; "" for the one that was asked for.
    """

    board: str
    code: str
    name: str
    status: Status
    before: float | None = None
    now: float | None = None
    difference: Difference | None = None
    code_now: str = ""
    reason: str = ""
    metric: str = ""

    @property
    def change(self) -> float | None:
        """How much the score changed."""
        if self.before is None or self.now is None:
            return None
        return self.now - self.before


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return 1 if a scenario got worse, 2 if one can't be measured, else 0."""
    statuses = {verdict.status for verdict in verdicts}
    if "regressed" in statuses:
        return 1
    return 2 if statuses & {"missing", "not comparable"} else 0


def judge(
    results: Path,
    baseline: Baseline,
    metric: str = "f1_weighted",
    tolerance: float = TOLERANCE,
) -> list[Verdict]:
    """Compare the records of every board of a baseline with it.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    baseline : Baseline
    metric : {"f1_weighted", "f1_macro", "accuracy"}
    tolerance : float
        A fall of the score that counts where rows can't be compared.

    Returns
    -------
    list of Verdict
        By board and code; p-values are corrected over all of them.
    """
    verdicts, testable = [], []
    for board, approved in sorted(baseline.boards.items()):
        rows = {row.code: row for row in records.iter_rows(results, board)}
        chosen = match(approved, rows)
        for code, row in chosen.items():
            verdict = _compare(board, code, approved[code], row, metric)
            if row is None:
                verdict = _without_record(results, verdict)
            elif isinstance(row, Row) and verdict.now is not None:
                verdict = _held_to_rows(results / board / row.code, row, verdict)
            verdicts.append(verdict)
            if verdict.now is not None and row is not None:
                testable.append((results / board / row.code, approved[code], verdict))
        known = chosen.keys() | {row.code for row in chosen.values() if row}
        verdicts += [
            _unknown(board, row) for code, row in rows.items() if code not in known
        ]
    tested = dict(_test(testable, metric))
    judged = [tested.get((v.board, v.code), v) for v in verdicts]
    judged.sort(key=lambda verdict: (verdict.board, verdict.code))
    return [_decide(verdict, tolerance) for verdict in judged]


Rows = Mapping[str, Row | Damaged]


def match(
    approved: Mapping[str, Approved], rows: Rows
) -> dict[str, Row | Damaged | None]:
    """Find the record of each approved scenario.

    A scenario with a name is the record of that name and scenario file that was
    written last: who changes its parameters changes its code, and must not slip
    through as a new scenario while the old record still stands there. A scenario
    without a name, or one that has none of its name, is the record of its code.

    Returns
    -------
    dict from the code in the baseline to a record; None where there is none
    """
    newest = find_newest(row for row in rows.values() if isinstance(row, Row))
    return {
        code: newest.get(identity(one) or ("", "")) or rows.get(code)
        for code, one in sorted(approved.items())
    }


def _unknown(board: str, row: Row | Damaged) -> Verdict:
    """Return the verdict on a record that is of no approved scenario."""
    if isinstance(row, Damaged):  # perhaps the newest of a scenario that is
        return Verdict(board, row.code, "", "missing", reason=row.message)
    return Verdict(board, row.code, row.name, "new", reason="not in the baseline")


def _compare(
    board: str, code: str, approved: Approved, row: Row | Damaged | None, metric: str
) -> Verdict:
    """Say whether a scenario can be measured, without testing it."""
    verdict = Verdict(board, code, approved.name, "missing")
    verdict = replace(verdict, **_before(approved, metric))
    if row is not None and row.code != code:
        verdict = replace(verdict, code_now=row.code)
    if not isinstance(row, Row) or not row.has_scores:
        return replace(verdict, reason=_why_missing(row))
    now = rounded_scores(row).get(verdict.metric or metric)
    differ = ", ".join(_what_differs(approved, row))
    if differ:
        reason = f"differs from the baseline in {differ}"
        return replace(verdict, status="not comparable", reason=reason)
    if now is None:
        kinds = ("a clustering", "a classifier")
        was, is_now = kinds if CLUSTERS in approved.scores else kinds[::-1]
        reason = f"is {is_now}, was {was}"
        return replace(verdict, status="not comparable", reason=reason)
    return replace(verdict, status="ok", now=now)


def _held_to_rows(folder: Path, row: Row, verdict: Verdict) -> Verdict:
    """Refuse a record whose scores are not those of the predictions beside it."""
    reason = records.say_contradiction(folder, row)
    return (
        replace(verdict, status="missing", now=None, reason=reason)
        if reason
        else verdict
    )


def _before(approved: Approved, metric: str) -> dict[str, Any]:
    """Return the approved score, and its name where it is not the one asked for."""
    if CLUSTERS in approved.scores:
        return {"before": approved.scores[CLUSTERS], "metric": CLUSTERS}
    return {"before": approved.scores[metric]}


def _why_missing(row: Row | Damaged | None) -> str:
    if row is None:
        return "no record"
    if isinstance(row, Damaged):
        return row.message
    cause = f": {row.error.type}" if row.error else ""
    return f"the record is {row.status}{cause}"


def _what_differs(approved: Approved, row: Row) -> Iterator[str]:
    """Name what makes two scores incomparable, data first."""
    if approved.data != row.dataset.fingerprint:
        yield "data"
    elif approved.split != row.split.fingerprint:
        yield "split"
    elif approved.rows_digest and approved.rows_digest != row.rows_digest:
        yield "test rows"
    if approved.seed != row.seed:
        yield f"seed ({row.seed}, was {approved.seed})"


def _without_record(results: Path, verdict: Verdict) -> Verdict:
    """Say where a scenario without record has one: on another split."""
    dataset = verdict.board.partition("@")[0]
    others = [
        board
        for board in records.iter_boards(results)
        if board.partition("@")[0] == dataset and board != verdict.board
        if records.has_record(results / board / verdict.code)
    ]
    if not others:
        return verdict
    reason = f"no record on this split, one on another: {', '.join(others)}"
    return replace(verdict, status="not comparable", reason=reason)


Testable = tuple[Path, Approved, Verdict]


def _test(
    testable: Sequence[Testable], metric: str
) -> Iterator[tuple[tuple[str, str], Verdict]]:
    """Yield verdicts with a paired difference, where both sides have predictions."""
    found = [
        pair for group in _by_rows(testable) for pair in _differences(*group, metric)
    ]
    adjusted = metrics.holm(np.array([change.p_value for _, change in found]))
    for (verdict, change), p_value in zip(found, adjusted, strict=True):
        changed = replace(change, p_value=float(p_value))
        yield (verdict.board, verdict.code), replace(verdict, difference=changed)


def _by_rows(
    testable: Sequence[Testable],
) -> Iterator[tuple[Predictions, list[tuple[Verdict, np.ndarray, np.ndarray]]]]:
    """Group scenarios that answered the same rows, so that rows are drawn once."""
    groups: Mapping[str, list[tuple[Verdict, np.ndarray, np.ndarray]]] = defaultdict(
        list
    )
    first: dict[str, Predictions] = {}
    for folder, approved, verdict in testable:
        if not approved.predicted:
            continue
        try:
            now = records.read_predictions(folder)
        except DamagedRecord:
            continue
        if now.rows_digest == approved.rows_digest:
            first.setdefault(now.rows_digest, now)
            groups[now.rows_digest].append((verdict, approved.codes, now.predicted))
    for digest, group in groups.items():
        yield first[digest], group


def _differences(
    rows: Predictions,
    group: Sequence[tuple[Verdict, np.ndarray, np.ndarray]],
    metric: str,
) -> Iterator[tuple[Verdict, Difference]]:
    verdicts = [verdict for verdict, _, _ in group]
    before = np.stack([codes for _, codes, _ in group])
    now = np.stack([codes for _, _, codes in group])
    found = metrics.paired_differences(
        rows.true, before, now, len(rows.classes), metric
    )
    yield from zip(verdicts, found, strict=True)


def _decide(verdict: Verdict, tolerance: float) -> Verdict:
    """Turn a measured difference into a status."""
    change = verdict.change
    if change is None:
        return verdict
    if verdict.difference is not None:
        sure = verdict.difference.p_value < metrics.ALPHA
        reason = "paired test"
    else:
        sure = abs(change) > tolerance
        of = "ARI, " if verdict.metric == CLUSTERS else ""
        reason = f"{of}tolerance {tolerance:g}"
    status: Status = "ok"
    if sure:
        status = "regressed" if change < 0 else "improved"
    return replace(verdict, status=status, reason=reason)
