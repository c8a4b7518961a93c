"""Judge each scenario against its baseline, by a paired test if possible.

If the baseline has predictions for the same rows, the difference is tested by a paired
bootstrap; Holm's correction over all tested scenarios limits the rate of false alarms
to 5 %. Otherwise a drop by more than a tolerance counts as a regression. Clusterings are
always compared by tolerance, on the adjusted Rand index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from rakuten_bench import metrics, records
from rakuten_bench.gate.baseline import (
    Approved,
    Baseline,
    rounded_scores,
    unmeasurable,
)
from rakuten_bench.gate.match import Match, Matcher, Today
from rakuten_bench.metric import CLUSTER_METRIC, CLUSTER_METRICS, DEFAULT_METRIC
from rakuten_bench.metrics import Difference
from rakuten_bench.records import Predictions, Row

Status = Literal["ok", "improved", "regressed", "missing", "not comparable", "new"]

#: Drop of the score that counts as a regression if no paired test is possible.
TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of comparing one scenario with the baseline.

    Attributes
    ----------
    before, now : float or None
        The score in the baseline and in the record.
    difference : Difference or None
        From the paired test, with corrected p-value; None if not tested.
    code_now : str
        Current code of the scenario, if it has changed.
    reason : str
        Why it can't be measured, or how it was judged.
    metric : str
        Metric of `before` and `now`; "" without scores.
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
        """Difference of the scores; None if one is missing."""
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
    """Verdicts, by board and code, with remarks.

    Attributes
    ----------
    remarks : tuple of str
        Sentences on scenarios that were not judged, and on uncertain matches.
    """

    verdicts: tuple[Verdict, ...]
    remarks: tuple[str, ...] = ()

    @property
    def metrics(self) -> list[str]:
        """Metrics by which classifiers were judged."""
        metrics = {verdict.metric for verdict in self.verdicts} - {"", CLUSTER_METRIC}
        return sorted(metrics) or [DEFAULT_METRIC]


def judge(
    results: Path,
    baseline: Baseline,
    metric: str | None = None,
    tolerance: float = TOLERANCE,
    *,
    today: Today | None = None,
    boards: Collection[str] | None = None,
) -> Judgement:
    """Compare the current records of a baseline's scenarios with the baseline.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    baseline : Baseline
    metric : {"f1_weighted", "f1_macro", "accuracy"}, optional
        By default, the metric by which each scenario file was approved.
    tolerance : float
        Drop of the score that counts as a regression if no paired test is possible.
    today : Today, optional
        Current contents of the scenario files; by default, those of their last runs.
    boards : collection of str, optional
        Boards of the baseline to judge; by default, all.

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
    """Yield verdicts on damaged records, new scenarios and unfinished runs."""
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
    """Return the metric by which the scenarios of each file of a baseline are judged.

    The requested metric, else that of the baseline, so that changing a file's metric does
    not loosen the gate; else the file's.
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
    """Yield remarks on files that were approved by another metric."""
    for study in sorted(studies):
        before = _approved_metric(baseline, study)
        now = today.metrics.get(study, before)
        if metric and before not in ("", metric):
            yield f"{study} was approved by {before}, but is judged by {metric} (--metric)."
        elif not metric and before and now != before:
            yield (
                f"{study} ranks by {now}, but was approved by {before} and is judged by "
                f"it. To switch to {now}, use --update."
            )


def _doubts(today: Today) -> tuple[str, ...]:
    """Return remarks on incomplete knowledge of the scenario files."""
    if today.is_known:
        return today.remarks
    return (
        "The results folder has no run of a scenario file: records are matched by file "
        "and name only. For exact matching, pass the file (rakuten-bench check FILE).",
    )


def _compare(matcher: Matcher, match: Match, metric: str) -> Verdict:
    """Return a verdict with both scores, or why they can't be compared; no test yet."""
    known, row = match.known, match.row
    metric_name = CLUSTER_METRIC if CLUSTER_METRIC in known.approved.scores else metric
    verdict = Verdict(
        known.board,
        known.code,
        known.name,
        "missing",
        before=known.approved.scores[metric_name],
        metric=metric_name,
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
    now = rounded_scores(row).get(metric_name)
    if not differ and now is None:
        kinds = ("a clustering", "a classifier")
        was, is_now = kinds if CLUSTER_METRIC in known.approved.scores else kinds[::-1]
        reason = f"is {is_now}, was {was}"
    if reason:
        return replace(verdict, status="not comparable", reason=reason)
    return replace(verdict, status="ok", now=now)


def _what_differs(approved: Approved, row: Row) -> Iterator[str]:
    """Yield the conditions that differ and make scores incomparable, data first."""
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
    """Return the verdicts, with a paired difference if both sides have predictions.

    A baseline whose confusion matrix does not match its test rows is not comparable.
    """
    judged = list(verdicts)
    testable: dict[tuple[str, str], list[int]] = defaultdict(list)
    first: dict[str, Predictions] = {}
    now: dict[int, np.ndarray] = {}
    for index, (match, verdict) in enumerate(zip(matches, verdicts, strict=True)):
        approved = match.known.approved
        if verdict.now is None or match.row is None or not approved.confusion:
            continue
        folder = results / match.board / match.row.code
        rows = records.read_predictions(folder, match.row.predictions_digest)
        if not _is_of_rows(approved, rows):
            reason = "the baseline's confusion matrix does not match its test rows"
            judged[index] = replace(
                verdict, status="not comparable", now=None, reason=reason
            )
        elif approved.predicted and rows.rows_digest == approved.rows_digest:
            testable[rows.rows_digest, verdict.metric].append(index)
            first.setdefault(rows.rows_digest, rows)
            now[index] = rows.predicted
    differences = [
        pair
        for (digest, metric), indices in testable.items()
        for pair in _differences(
            first[digest],
            [(p, matches[p].known.approved.codes, now[p]) for p in indices],
            metric,
        )
    ]
    adjusted = metrics.holm(np.array([change.p_value for _, change in differences]))
    for (index, change), p_value in zip(differences, adjusted, strict=True):
        changed = replace(change, p_value=float(p_value))
        judged[index] = replace(judged[index], difference=changed)
    return judged


def _is_of_rows(approved: Approved, rows: Predictions) -> bool:
    """Return whether an approved confusion matrix matches the test rows of a record."""
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
    """Test scenarios with the same rows together, on the same bootstrap samples."""
    before = np.stack([codes for _, codes, _ in group])
    now = np.stack([codes for _, _, codes in group])
    differences = metrics.paired_differences(
        rows.true, before, now, len(rows.classes), metric
    )
    yield from zip((index for index, _, _ in group), differences, strict=True)


def _decide(verdict: Verdict, how: str, tolerance: float) -> Verdict:
    """Turn a measured difference into a status."""
    change = verdict.change
    if change is None:
        return verdict
    if verdict.difference is not None:
        is_significant = verdict.difference.p_value < metrics.ALPHA
        reason = "paired test"
    else:
        is_significant = abs(change) > tolerance
        title = CLUSTER_METRICS.get(verdict.metric)
        of = f"{title.column}, " if title else ""
        reason = f"{of}tolerance {tolerance:g}"
    status: Status = "ok"
    if is_significant:
        status = "regressed" if change < 0 else "improved"
    return replace(
        verdict, status=status, reason="; ".join(filter(None, (reason, how)))
    )
