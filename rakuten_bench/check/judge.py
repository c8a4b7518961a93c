"""Each scenario against its baseline: a paired test where rows are there.

Where the baseline keeps predictions and they are of the same rows, the difference is
tested by a paired bootstrap, and Holm's correction over all tested scenarios keeps the
chance of a false alarm at 5 %. Where it keeps only the scores, a fall by more than a
tolerance counts, and for a clustering always: it is held to its adjusted Rand index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from rakuten_bench import metrics, records
from rakuten_bench.check.baseline import (
    Approved,
    Baseline,
    rounded_scores,
    unmeasurable,
)
from rakuten_bench.check.match import Match, Matcher, Today
from rakuten_bench.metric import CLUSTER_METRIC, CLUSTER_METRICS, DEFAULT_METRIC
from rakuten_bench.metrics import Difference
from rakuten_bench.records import Predictions, Row

Status = Literal["ok", "improved", "regressed", "missing", "not comparable", "new"]

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
        What `before` and `now` are; "" where there is none.
    study : str
        Name of the scenario file that it was approved from.
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
    study: str = ""

    @property
    def change(self) -> float | None:
        """How much the score changed."""
        if self.before is None or self.now is None:
            return None
        return self.now - self.before


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return 1 if a scenario got worse, 2 if one or all can't be measured, else 0."""
    statuses = {verdict.status for verdict in verdicts}
    if "regressed" in statuses:
        return 1
    is_measured = statuses - {"new"}
    return 2 if not is_measured or statuses & {"missing", "not comparable"} else 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdicts, by board and code, and what else has to be known about them.

    Attributes
    ----------
    remarks : tuple of str
        Sentences: what was not judged, and how sure it is what was.
    """

    verdicts: tuple[Verdict, ...]
    remarks: tuple[str, ...] = ()

    @property
    def metrics(self) -> list[str]:
        """What scenarios were held to; clusterings to a score of their own."""
        found = {one.metric for one in self.verdicts} - {"", CLUSTER_METRIC}
        return sorted(found) or [DEFAULT_METRIC]


def judge(
    results: Path,
    baseline: Baseline,
    metric: str | None = None,
    tolerance: float = TOLERANCE,
    *,
    today: Today | None = None,
    boards: Collection[str] | None = None,
) -> Judgement:
    """Compare today's records of the scenarios of a baseline with it.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    baseline : Baseline
    metric : {"f1_weighted", "f1_macro", "accuracy"}, optional
        The one that each scenario file was approved by where it is not given.
    tolerance : float
        A fall of the score that counts where rows can't be compared.
    today : Today, optional
        What the scenario files have today; what they had in their last runs where it
        is not given.
    boards : collection of str, optional
        Boards of the baseline to judge; all where it is not given.

    Returns
    -------
    Judgement
        p-values are corrected over all verdicts.
    """
    today = today or Today.of_last_runs(results)
    matcher = Matcher(results, baseline, today, boards)
    scores = choose_metrics(baseline, today, metric)
    compared = [
        _compare(matcher, match, scores[match.known.study]) for match in matcher.matches
    ]
    tested = _test(results, matcher.matches, compared)
    judged = [
        _decide(verdict, match.how, tolerance)
        for match, verdict in zip(matcher.matches, tested, strict=True)
    ]
    everything = [*judged, *_iter_others(matcher, baseline, today)]
    everything.sort(key=lambda one: (one.board, one.code))
    remarks = (*_doubts(today), *matcher.not_asked, *matcher.guessed)
    asked = {match.known.study for match in matcher.matches}
    others_by = _say_metrics(baseline, today, metric, asked)
    return Judgement(tuple(everything), (*remarks, *others_by))


def _iter_others(
    matcher: Matcher, baseline: Baseline, today: Today
) -> Iterator[Verdict]:
    """Yield verdicts on what can't be compared: damaged records, new ones, lost runs."""
    for one in matcher.iter_damaged():
        yield Verdict(one.board, one.code, "", "missing", reason=one.message)
    for board, code, name in matcher.iter_new():
        yield Verdict(board, code, name, "new", reason="not in the baseline")
    for study, reason in today.unfinished:
        if study not in baseline.names:
            yield Verdict("runs", study, "", "missing", reason=reason, study=study)


def choose_metrics(
    baseline: Baseline, today: Today, metric: str | None = None
) -> dict[str, str]:
    """Return what the scenarios of each file of a baseline are held to.

    The metric that is asked for, else that of the baseline: a file that ranks by another
    one since does not loosen the gate. A baseline that does not tell is held to the
    file's.
    """
    return {
        study: metric
        or _approved_metric(baseline, study)
        or today.metrics.get(study, DEFAULT_METRIC)
        for study in baseline.names
    }


def _approved_metric(baseline: Baseline, study: str) -> str:
    return baseline.studies[study].metric if study in baseline.studies else ""


def _say_metrics(
    baseline: Baseline, today: Today, metric: str | None, studies: Collection[str]
) -> Iterator[str]:
    """Say which files were approved by another metric than counts, or than they name."""
    for study in sorted(studies):
        before = _approved_metric(baseline, study)
        now = today.metrics.get(study, before)
        if metric and before not in ("", metric):
            yield f"{study} was approved by {before}; it is held to {metric} as asked."
        elif not metric and before and now != before:
            yield (
                f"{study} ranks by {now}, and was approved by {before}, which counts "
                f"here. --update approves the other one."
            )


def _doubts(today: Today) -> tuple[str, ...]:
    """Say what is not known of the scenario files."""
    if today.is_known:
        return today.remarks
    return (
        "No run of a scenario file is known here, so that records are matched by file "
        "and name alone: name the file (rakuten-bench check FILE).",
    )


def _compare(matcher: Matcher, match: Match, metric: str) -> Verdict:
    """Say whether a scenario can be measured, without testing it."""
    known, row = match.known, match.row
    held_to = CLUSTER_METRIC if CLUSTER_METRIC in known.approved.scores else metric
    verdict = Verdict(
        known.board,
        known.code,
        known.name,
        "missing",
        before=known.approved.scores[held_to],
        metric=held_to,
        study=known.study,
    )
    if match.code not in ("", known.code):
        verdict = replace(verdict, code_now=match.code)
    if row is None:
        return replace(verdict, status=match.status, reason=match.problem)
    folder = matcher.results.folder / match.board / row.code
    reason = unmeasurable(folder, row, matcher.results.verifier(row, match.board))
    if reason:
        return replace(verdict, reason=reason)
    differ = ", ".join(_what_differs(known.approved, row))
    reason = f"differs from the baseline in {differ}" if differ else ""
    now = rounded_scores(row).get(held_to)
    if not differ and now is None:
        kinds = ("a clustering", "a classifier")
        was, is_now = kinds if CLUSTER_METRIC in known.approved.scores else kinds[::-1]
        reason = f"is {is_now}, was {was}"
    if reason:
        return replace(verdict, status="not comparable", reason=reason)
    return replace(verdict, status="ok", now=now)


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


def _test(
    results: Path, matches: Sequence[Match], verdicts: Sequence[Verdict]
) -> list[Verdict]:
    """Return the verdicts, with a paired difference where both sides have predictions.

    A baseline whose matrix is not of the test rows that it names is not comparable.
    """
    judged = list(verdicts)
    testable: dict[tuple[str, str], list[int]] = defaultdict(list)
    first: dict[str, Predictions] = {}
    now: dict[int, np.ndarray] = {}
    for place, (match, verdict) in enumerate(zip(matches, verdicts, strict=True)):
        approved = match.known.approved
        if verdict.now is None or match.row is None or not approved.confusion:
            continue
        folder = results / match.board / match.row.code
        rows = records.read_predictions(folder, match.row.predictions_digest)
        if not _is_of_rows(approved, rows):
            reason = "the baseline's counts are not of the test rows that it names"
            judged[place] = replace(
                verdict, status="not comparable", now=None, reason=reason
            )
        elif approved.predicted and rows.rows_digest == approved.rows_digest:
            testable[rows.rows_digest, verdict.metric].append(place)
            first.setdefault(rows.rows_digest, rows)
            now[place] = rows.predicted
    found = [
        pair
        for (digest, metric), places in testable.items()
        for pair in _differences(
            first[digest],
            [(p, matches[p].known.approved.codes, now[p]) for p in places],
            metric,
        )
    ]
    adjusted = metrics.holm(np.array([change.p_value for _, change in found]))
    for (place, change), p_value in zip(found, adjusted, strict=True):
        changed = replace(change, p_value=float(p_value))
        judged[place] = replace(judged[place], difference=changed)
    return judged


def _is_of_rows(approved: Approved, rows: Predictions) -> bool:
    """Tell whether an approved matrix can be of the test rows of a record."""
    n_classes = len(rows.classes)
    if not approved.rows_digest:  # of a record without predictions
        return True
    if len(approved.confusion) != n_classes:
        return False
    if approved.predicted and approved.codes.shape == rows.true.shape:
        counts = metrics.confusion_matrix(rows.true, approved.codes, n_classes)
        return np.array_equal(counts, approved.counts)
    true = np.bincount(rows.true, minlength=n_classes)
    is_whole = not approved.predicted
    return is_whole and np.array_equal(true, approved.counts.sum(axis=1))


def _differences(
    rows: Predictions,
    group: Sequence[tuple[int, np.ndarray, np.ndarray]],
    metric: str,
) -> Iterator[tuple[int, Difference]]:
    """Test scenarios that answered the same rows together: rows are drawn once."""
    before = np.stack([codes for _, codes, _ in group])
    now = np.stack([codes for _, _, codes in group])
    found = metrics.paired_differences(
        rows.true, before, now, len(rows.classes), metric
    )
    yield from zip((place for place, _, _ in group), found, strict=True)


def _decide(verdict: Verdict, how: str, tolerance: float) -> Verdict:
    """Turn a measured difference into a status."""
    change = verdict.change
    if change is None:
        return verdict
    if verdict.difference is not None:
        sure = verdict.difference.p_value < metrics.ALPHA
        reason = "paired test"
    else:
        sure = abs(change) > tolerance
        title = CLUSTER_METRICS.get(verdict.metric)
        of = f"{title.column}, " if title else ""
        reason = f"{of}tolerance {tolerance:g}"
    status: Status = "ok"
    if sure:
        status = "regressed" if change < 0 else "improved"
    return replace(
        verdict, status=status, reason="; ".join(filter(None, (reason, how)))
    )
