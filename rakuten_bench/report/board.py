"""Boards: the scenarios of one data set, one version of it, one split, one subset."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench import metrics, records
from rakuten_bench.errors import UserError, unknown
from rakuten_bench.identify import explain_wrong_file
from rakuten_bench.metric import (
    CLUSTER_METRIC,
    CLUSTER_METRICS,
    DEFAULT_METRIC,
    METRICS,
)
from rakuten_bench.records import (
    BoardRows,
    ClusterScores,
    Damaged,
    DatasetInfo,
    Identity,
    Predictions,
    Row,
    SplitInfo,
)
from rakuten_bench.wording.words import number


@dataclass(frozen=True, slots=True)
class Entry:
    """One scenario on a board.

    Attributes
    ----------
    row : Row
        Of its record.
    folder : Path
        Of its record.
    rank : int or None
        From 1; None without scores, and for a clustering.
    scores : dict of str to float
        On the board's subset, by `METRICS`, or `CLUSTER_METRICS` for a clustering;
        empty without scores.
    interval : (low, high) or None
        95 % confidence interval of the ranking score; None if not computed.
    group : int or None
        Scenarios in a group do not differ significantly from its best.
    pareto : bool
        Whether it is Pareto-optimal: no cheaper scenario scores as well.
    """

    row: Row
    folder: Path
    rank: int | None
    scores: dict[str, float]
    interval: tuple[float, float] | None = None
    group: int | None = None
    pareto: bool = False

    @property
    def code(self) -> str:
        """Code of the scenario."""
        return self.row.code

    @property
    def cost(self) -> float:
        """Seconds of the whole scenario, shared steps counted in full."""
        return self.row.fit_time + self.row.predict_time

    @property
    def error(self) -> str:
        """Why it has no scores, in one line; "" if it has."""
        if self.row.error is None:
            return ""
        first = self.row.error.message.strip().partition("\n")[0]
        return f"{self.row.error.type}: {first}" if first else self.row.error.type


@dataclass(frozen=True)
class Ranking:
    """The scenarios of a board, best first, and records that are excluded.

    Attributes
    ----------
    name : str
        Of the folder.
    metric : str
        The score that it is sorted by.
    subset : str
        Language of the scored rows; "" for all.
    entries : tuple of Entry
        With scores, by rank.
    failures : tuple of Entry
        Without, by code.
    left_out : tuple of str
        Sentences: which records are excluded and why.
    n_chosen : int
        Number of scored test rows, if there is a subset.
    clusterings : tuple of Entry
        Scenarios without labels, by adjusted Rand index: never ranked, grouped or
        compared with `entries`.
    """

    name: str
    dataset: DatasetInfo
    split: SplitInfo
    metric: str
    subset: str
    entries: tuple[Entry, ...]
    failures: tuple[Entry, ...]
    left_out: tuple[str, ...] = ()
    n_chosen: int = 0
    clusterings: tuple[Entry, ...] = ()

    @property
    def everyone(self) -> tuple[Entry, ...]:
        """Return all scenarios, those without scores last."""
        return self.entries + self.clusterings + self.failures

    def failing_only(self, codes: Collection[str]) -> Ranking:
        """Return the board of a run: failures of other files are only counted."""
        others = [entry for entry in self.failures if entry.code not in codes]
        if not others:
            return self
        told = (
            f"{number(len(others), 'scenario')} of other files that failed; see "
            f"rakuten-bench report."
        )
        return replace(
            self,
            failures=tuple(entry for entry in self.failures if entry.code in codes),
            left_out=(*self.left_out, told),
        )

    @property
    def title(self) -> str:
        """Title with data set, rows and split; marks data that are not real products."""
        kinds = {
            "real": "",
            "emoji": " (emoji, not products)",
            "synthetic": " (synthetic catalogue, not real products)",
        }
        n_folds = self.split.n_folds
        plain = self.split.name.removesuffix("by-image").removesuffix("-")
        split = f"{n_folds} folds" if n_folds > 1 else plain or "80/20 holdout"
        split += " by image" if self.split.name != plain else ""
        of = f"{self.n_chosen:,} of " if self.subset else ""
        those = f" (those in '{self.subset}')" if self.subset else ""
        rows = f"{of}{number(self.split.n_test, 'test row')}{those}, {split}"
        several = self.name != records.plain_name(self.name)
        name = f"{self.dataset.name} ({self.name})" if several else self.dataset.name
        return f"{name}{kinds[self.dataset.kind]}: {rows}"


def choose_boards(results: Path, dataset: str | None = None) -> list[str]:
    """Return the boards of a data set, or all.

    Parameters
    ----------
    results : Path
    dataset : str, optional
        Name of a board ("shop@kfold-5"), or of a data set with boards for several
        splits or versions ("shop" if no board has this name).

    Raises
    ------
    UserError
        If there are no records, or none with this name.
    """
    boards = list(records.iter_boards(results))
    if not boards:
        message = explain_wrong_file(results, "results") or (
            f"{results}: has no records. Run a scenario file first: rakuten-bench run "
            f"FILE. To write one: rakuten-bench init"
        )
        raise UserError(message)
    if dataset is None:
        return boards
    if dataset in boards:
        return [dataset]
    chosen = [name for name in boards if records.dataset_of(name) == dataset]
    if not chosen:
        message = f"{results}: {unknown('data set', dataset, boards)}"
        raise UserError(message)
    return chosen


def choose_metric(results: Path, name: str) -> str:
    """Return the metric of the scenario files that ran on a board.

    Weighted F1 if they differ, or none is known.
    """
    with contextlib.suppress(UserError):  # damaged: the gate reports it
        runs = records.iter_study_runs(results)
        found = {run.metric for run in runs if run.board == name and run.metric}
        if len(found) == 1 and found <= METRICS.keys():
            return found.pop()
    return DEFAULT_METRIC


def load_board(
    results: Path,
    name: str,
    metric: str = DEFAULT_METRIC,
    subset: str = "",
    cache: Path | None = None,
    known: BoardRows | None = None,
) -> Ranking:
    """Read the records of a board and rank those consistent with their predictions.

    Ties are broken by lower cost, then by code.

    Parameters
    ----------
    results : Path
    name : str
        Of the board's folder.
    metric : {"f1_weighted", "f1_macro", "accuracy"}
    subset : str
        Language code: only test rows in this language are scored.
    cache : Path, optional
        Folder that caches which records are verified.
    known : BoardRows, optional
        The board's records if they have just been read.

    Raises
    ------
    UserError
        If no record of the board can be read.
    """
    known = known or BoardRows.read(results, name)
    whole, damaged = _split_damaged(results / name, known.rows)
    same, others = _same_data(results / name, whole)
    chosen = same[0]
    valid, faults = _verify(results / name, same, cache, known.verified)
    scored, unscored = _score(results / name, valid, subset)
    ranked = [(row, scores) for row, scores in scored if row.scores]
    clustered = [(row, scores) for row, scores in scored if row.clustering]
    failed = [row for row in valid if not row.has_scores]
    return Ranking(
        name=name,
        dataset=chosen.dataset,
        split=chosen.split,
        metric=metric,
        subset=subset,
        entries=rank_entries(_ordered(results / name, ranked, metric), metric),
        failures=tuple(Entry(r, results / name / r.code, None, {}) for r in failed),
        left_out=(*damaged, *others, *faults, *unscored),
        n_chosen=_count_chosen(results / name, scored, subset),
        clusterings=_ordered(results / name, clustered, CLUSTER_METRIC),
    )


def _split_damaged(
    folder: Path, rows: Iterable[Row | Damaged]
) -> tuple[list[Row], list[str]]:
    """Return the readable records, and sentences about the damaged ones."""
    whole: list[Row] = []
    damaged: list[str] = []
    for row in rows:
        if isinstance(row, Damaged):
            damaged.append(str(row.message))
        else:
            whole.append(row)
    if not whole:
        message = "\n".join(damaged) or f"{folder}: has no records."
        raise UserError(message)
    return whole, damaged


def _count_chosen(folder: Path, scored: Scored, subset: str) -> int:
    if not subset or not scored:
        return 0
    predictions = records.read_predictions(folder / scored[0][0].code)
    return int(np.count_nonzero(predictions.language == subset))


def _same_data(folder: Path, rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Keep the rows of one data set, split and seed; report the excluded ones.

    Those of the board's identity, or if it has none, those that ran last.
    """
    counts = Counter(Identity.of(row) for row in rows)
    info = records.read_board(folder)
    if info is not None and info.identity in counts:
        chosen = info.identity
    else:
        newest = max(rows, key=lambda row: (row.created, row.code))
        chosen = Identity.of(newest)
    del counts[chosen]
    return [row for row in rows if Identity.of(row) == chosen], [
        f"{number(n, 'scenario')} {_difference(other, chosen)}."
        for other, n in sorted(counts.items())
    ]


def _difference(other: Identity, chosen: Identity) -> str:
    if (other.data, other.split) == (chosen.data, chosen.split):
        return f"with seed {other.seed} (the board has seed {chosen.seed})"
    return (
        f"on other rows (data {other.data[:8]}, split {other.split[:8]}; the board is on "
        f"data {chosen.data[:8]}, split {chosen.split[:8]})"
    )


def _verify(
    folder: Path, rows: Sequence[Row], cache: Path | None, known: Collection[str]
) -> tuple[list[Row], list[str]]:
    """Exclude records that contradict their files; report which.

    Parameters
    ----------
    known : collection of str
        Codes of records that were verified just now.
    """
    valid, faults = [], []
    verified = records.Verified(cache, folder) if cache else None
    verifier = records.Verifier(folder, Identity.of(rows[0]), rows, verified)
    for row in rows:
        if row.code in known:
            valid.append(row)
            continue
        now, fault = row, verifier.say_contradiction(folder / row.code, row)
        if fault:  # or a run replaced it since it was read
            now, fault = _read_again(folder / row.code, row, fault, verifier)
        if fault:
            faults.append(fault)
        else:
            valid.append(now)
    if verified:
        verified.save(whole_board=not known)
    return valid, faults


def _read_again(
    folder: Path, row: Row, fault: str, verifier: records.Verifier
) -> tuple[Row, str]:
    try:
        now = records.read_row(folder)
    except records.DamagedRecord as error:
        return row, str(error)
    if now == row or Identity.of(now) != Identity.of(row):
        return row, fault
    return now, verifier.say_contradiction(folder, now)


Scored = list[tuple[Row, dict[str, float]]]


def _score(folder: Path, rows: Iterable[Row], subset: str) -> tuple[Scored, list[str]]:
    """Return the scores on the subset, and sentences about rows without scores."""
    ok = [row for row in rows if row.has_scores]
    if not subset:
        return [(row, _stored(row)) for row in ok], []
    return _score_subset(folder, ok, lambda p: p.language == subset, subset)


def _stored(row: Row) -> dict[str, float]:
    if row.clustering is not None:
        return _cluster_scores(row.clustering)
    return {metric: getattr(row.scores, metric) for metric in METRICS}


def _cluster_scores(found: ClusterScores) -> dict[str, float]:
    return {metric: getattr(found, metric) for metric in CLUSTER_METRICS}


def _score_subset(
    folder: Path,
    rows: Sequence[Row],
    choose: Callable[[Predictions], NDArray[np.bool_]],
    name: str,
) -> tuple[Scored, list[str]]:
    """Score a subset of the test rows, from the predictions.

    Records with a different subset than the first are excluded: two subsets never
    share a board.
    """
    scored: Scored = []
    left_out: list[str] = []
    expected = ""
    for row in rows:
        try:
            part = records.read_predictions(folder / row.code)
        except records.DamagedRecord as error:
            left_out.append(str(error))
            continue
        part = part.take(choose(part))
        expected = expected or part.rows_digest
        if part.rows_digest != expected:
            left_out.append(f"{row.code}: other rows in '{name}'.")
        elif len(part):
            scored.append((row, _scores(part)))
    if rows and not scored and not left_out:
        message = f"{folder.name}: no test row is in '{name}'."
        raise UserError(message)
    return scored, left_out


def _scores(part: Predictions) -> dict[str, float]:
    if part.is_clustering:
        return _cluster_scores(records.cluster_scores(part))
    return metrics.scores(_count(part))


def _count(part: Predictions) -> NDArray[np.int64]:
    return metrics.confusion_matrix(part.true, part.predicted, len(part.classes))


def read_counts(folder: Path, subset: str = "") -> NDArray[np.int64]:
    """Return the confusion matrix of a record, on a subset of its test rows or all.

    Parameters
    ----------
    folder : Path
        Of the record.
    subset : str
        Language of the scored rows; "" for all.

    Returns
    -------
    int64 array of shape (n_classes, n_classes)

    Raises
    ------
    DamagedRecord
        If it can't be read.
    """
    try:  # a table of 2,000 classes takes a second and 400 MB to read, these neither
        part = records.read_predictions(folder)
    except records.DamagedRecord:
        if subset:
            raise
        return records.read_confusion(folder)
    return _count(part.take(part.language == subset) if subset else part)


def read_f1(folder: Path, subset: str = "") -> NDArray[np.float64]:
    """Return F1 of each class, float64 of shape (n_classes,); as `read_counts`."""
    if subset:
        return metrics.class_table(read_counts(folder, subset)).f1
    return np.array([row.f1 for row in records.read_record(folder).per_class])


def _ordered(folder: Path, scored: Scored, metric: str) -> tuple[Entry, ...]:
    entries = [Entry(row, folder / row.code, None, scores) for row, scores in scored]
    entries.sort(key=lambda entry: (-entry.scores[metric], entry.cost, entry.code))
    return tuple(entries)


def rank_entries(entries: Sequence[Entry], metric: str) -> tuple[Entry, ...]:
    """Rank sorted entries and mark the Pareto-optimal ones."""
    front = metrics.pareto_front(
        [entry.scores[metric] for entry in entries], [entry.cost for entry in entries]
    )
    return tuple(
        replace(entry, rank=rank, pareto=pareto)
        for rank, (entry, pareto) in enumerate(zip(entries, front, strict=True), 1)
    )
