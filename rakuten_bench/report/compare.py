"""Compare two scenarios on the same rows: levers, scores, classes, predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from rakuten_bench import metrics, records
from rakuten_bench.errors import UserError
from rakuten_bench.metric import METRICS
from rakuten_bench.metrics import Difference
from rakuten_bench.records import Predictions, Record
from rakuten_bench.report.example import Example
from rakuten_bench.wording.format import Answer
from rakuten_bench.wording.table import Column, Table
from rakuten_bench.wording.words import (
    all_words,
    class_name,
    clean,
    number,
    score_words,
    signed,
)

_TEXT = 60  # characters of a row's text


@dataclass(frozen=True, slots=True)
class ClassDifference:
    """F1 of one class in both scenarios."""

    label: str
    a: float
    b: float
    support: int


@dataclass(frozen=True, slots=True)
class Change:
    """One row that the scenarios predict differently.

    Attributes
    ----------
    kind : {"better", "worse", "other"}
        Whether only B is right, only A is right, or both are wrong.
    """

    id: str
    kind: str
    true: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How B differs from A.

    Attributes
    ----------
    levers : tuple of (lever, option of A, option of B)
        Only those that differ.
    differences : dict of str to Difference
        For each score, B minus A.
    only_a, only_b : int
        Rows that only A, and only B, predicts correctly.
    mcnemar : float
        Exact p-value of McNemar's test.
    classes : tuple of ClassDifference
        The largest change first.
    changes : tuple of Change
        Rows with different predictions: worse, then better, then other.
    """

    a: Record
    b: Record
    levers: tuple[tuple[str, str, str], ...]
    differences: dict[str, Difference]
    only_a: int
    only_b: int
    mcnemar: float
    classes: tuple[ClassDifference, ...]
    changes: tuple[Change, ...]


def compare(a: Path, b: Path) -> Comparison:
    """Compare two scenarios from the folders of their records.

    Raises
    ------
    UserError
        If one has no predictions, or their rows differ.
    """
    one, other = _read_scored(a), _read_scored(b)
    first = records.read_predictions(a, one.predictions_digest)
    second = records.read_predictions(b, other.predictions_digest)
    _refuse_other_rows(one, other, first, second)
    only_a, only_b, p_value = metrics.mcnemar(
        first.true, first.predicted, second.predicted
    )
    return Comparison(
        a=one,
        b=other,
        levers=tuple(_lever_differences(one, other)),
        differences={m: _difference(first, second, m) for m in METRICS},
        only_a=only_a,
        only_b=only_b,
        mcnemar=p_value,
        classes=tuple(_class_differences(one, other)),
        changes=tuple(_changes(first, second)),
    )


def _read_scored(folder: Path) -> Record:
    record = records.read_record(folder)
    if record.clustering is not None:
        message = (
            f"{record.code}: is a clustering; its clusters are not classes and can't "
            f"be compared row by row. See: rakuten-bench show "
            f"{record.code}"
        )
        raise UserError(message)
    if record.scores is None:
        message = f"{record.code}: is {record.status}: nothing to compare."
        raise UserError(message)
    records.check_record(folder, record)
    return record


def _refuse_other_rows(
    a: Record, b: Record, first: Predictions, second: Predictions
) -> None:
    """Return an error if two scenarios were not run on the same test rows."""
    one, other = records.Identity.of(a), records.Identity.of(b)
    if first.rows_digest == second.rows_digest and one == other:
        return
    what = "test rows"
    if one.data != other.data:
        what = "data"
    elif one.split != other.split:
        what = "splits"
    elif one.seed != other.seed:
        what = f"seeds ({one.seed} and {other.seed})"
    message = f"{a.code} and {b.code} have different {what}: they can't be compared."
    raise UserError(message)


def _difference(first: Predictions, second: Predictions, metric: str) -> Difference:
    n_classes = len(first.classes)
    return metrics.paired_difference(
        first.true, first.predicted, second.predicted, n_classes, metric
    )


def _lever_differences(a: Record, b: Record) -> Iterator[tuple[str, str, str]]:
    first, second = all_words(a), all_words(b)
    for lever in dict.fromkeys([*first, *second]):
        options = first.get(lever, ""), second.get(lever, "")
        if options[0] != options[1]:
            yield lever, *options


def _class_differences(a: Record, b: Record) -> list[ClassDifference]:
    pairs = zip(a.per_class, b.per_class, strict=True)
    rows = [ClassDifference(x.label, x.f1, y.f1, x.support) for x, y in pairs]
    return sorted(rows, key=lambda row: (-abs(row.b - row.a), row.label))


def _changes(first: Predictions, second: Predictions) -> list[Change]:
    rows = np.flatnonzero(first.predicted != second.predicted)
    changes = []
    for row in rows.tolist():
        true, a, b = first.true[row], first.predicted[row], second.predicted[row]
        kind = "worse" if a == true else "better" if b == true else "other"
        labels = (first.classes[code] for code in (true, a, b))
        changes.append(Change(str(first.ids[row]), kind, *labels))
    order = ("worse", "better", "other")
    return sorted(changes, key=lambda change: order.index(change.kind))


def render_comparison(
    found: Comparison,
    format_: str = "table",
    n_rows: int = 10,
    examples: Mapping[str, Example] | None = None,
    width: int = 100,
) -> str:
    """Return a comparison in a format.

    Parameters
    ----------
    found : Comparison
    n_rows : int
        Number of changed rows of each kind; JSON has all.
    examples : mapping from row id to Example, optional
        Contents of the rows, if the data set is available.

    Raises
    ------
    UserError
        For a format that comparisons are not written in.
    """
    answer = Answer.of_tables(
        lambda _: [
            _levers(found),
            _scores(found),
            _classes(found),
            _rows(found, n_rows, examples or {}),
        ],
        lambda: _json(found),
    )
    return answer.render(format_, width)


def _json(found: Comparison) -> dict[str, object]:
    values: dict[str, object] = {
        "a": found.a.code,
        "b": found.b.code,
        "board": found.a.board,
        "levers": {lever: options for lever, *options in found.levers},
        "differences": msgspec.to_builtins(found.differences),
        "mcnemar": {
            "only_a": found.only_a,
            "only_b": found.only_b,
            "p_value": found.mcnemar,
        },
        "classes": msgspec.to_builtins(found.classes),
        "changes": msgspec.to_builtins(found.changes),
    }
    return values


def _called(record: Record) -> str:
    named = record.name not in ("", record.code)
    return f"{record.code} ({clean(record.name)})" if named else record.code


def _levers(found: Comparison) -> Table:
    title = f"A = {_called(found.a)}, B = {_called(found.b)} on {found.a.board}"
    columns = (Column("lever", fixed=True), Column("A"), Column("B"))
    remarks = () if found.levers else ("The levers are the same.",)
    return Table(title, columns, found.levers, remarks)


def _scores(found: Comparison) -> Table:
    columns = (
        Column("score", fixed=True),
        *(
            Column(title, right=True, fixed=True)
            for title in ("A", "B", "B - A", "95 %", "p")
        ),
    )
    rows = []
    for metric, change in found.differences.items():
        a, b = (getattr(record.scores, metric) for record in (found.a, found.b))
        between = f"{signed(change.low)} to {signed(change.high)}"
        p_value = f"{change.p_value:.3g}"
        cells = (
            score_words(a),
            score_words(b),
            signed(change.estimate),
            between,
            p_value,
        )
        rows.append((metric, *cells))
    return Table("", columns, tuple(rows), (_mcnemar(found),))


def _mcnemar(found: Comparison) -> str:
    return (
        f"{number(found.only_a, 'row')} correct in A only, {found.only_b:,} in B only: "
        f"p = {found.mcnemar:.3g} (McNemar, exact). Differences: paired bootstrap of "
        f"the test rows."
    )


def _classes(found: Comparison) -> Table:
    columns = (
        Column("class"),
        *(
            Column(title, right=True, fixed=True)
            for title in ("F1 A", "F1 B", "B - A", "rows")
        ),
    )
    rows = tuple(
        (
            class_name(row.label, found.a.label_names),
            score_words(row.a, 3),
            score_words(row.b, 3),
            signed(row.b - row.a),
            f"{row.support:,}",
        )
        for row in found.classes
    )
    return Table("", columns, rows)


def _rows(found: Comparison, n_rows: int, examples: Mapping[str, Example]) -> Table:
    columns = (
        Column("", fixed=True),
        Column("row", fixed=True),
        *(Column(title) for title in ("true", "A", "B")),
        *([Column("text")] if examples else []),
    )
    kinds = ("worse", "better", "other")
    by_kind = {kind: [c for c in found.changes if c.kind == kind] for kind in kinds}
    shown = [change for kind in kinds for change in by_kind[kind][:n_rows]]
    counts = ", ".join(f"{len(by_kind[kind]):,} {kind}" for kind in kinds)
    remark = f"{number(len(found.changes), 'row')} predicted differently: {counts}."
    return Table("", columns, tuple(_row(found, c, examples) for c in shown), (remark,))


def _row(
    found: Comparison, change: Change, examples: Mapping[str, Example]
) -> tuple[str, ...]:
    labels: Sequence[str] = (change.true, change.a, change.b)
    cells = [class_name(label, found.a.label_names) for label in labels]
    if examples:
        example = examples.get(change.id)
        cells.append(clean(example.text if example else "", _TEXT))
    return (change.kind, clean(change.id, 20), *cells)
