"""One scenario: its levers, scores, classes, notable confusions, costs, origin."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from rakuten_bench import metrics, records
from rakuten_bench.errors import UserError, unknown
from rakuten_bench.identify import explain_wrong_file
from rakuten_bench.metric import CLUSTER_METRIC, CLUSTER_METRICS, METRICS, Title
from rakuten_bench.metrics.cluster import Counts
from rakuten_bench.records import ClusterScores, Record, Scores, StepCost
from rakuten_bench.report.board import choose_boards
from rakuten_bench.report.search import search_words
from rakuten_bench.units import render_megabytes, render_seconds
from rakuten_bench.wording.table import Column, terminal_table
from rakuten_bench.wording.words import (
    all_words,
    class_name,
    clean,
    number,
    percent,
    score_words,
)

_LISTED = 12  # scenarios in a message


def find_scenario(results: Path, code: str, dataset: str | None = None) -> Path:
    """Return the folder of a scenario's record.

    Parameters
    ----------
    results : Path
    code : str
        A code, a name in the scenario file, or a record: its folder or its file.
    dataset : str, optional
        Name of a board or data set, if several have the scenario.

    Raises
    ------
    UserError
        If no board or more than one has it.
    """
    path = Path(code).parent if Path(code).name == "record.json" else Path(code)
    if records.has_record(path):
        return path
    boards = choose_boards(results, dataset)
    found = [results / board / code for board in boards]
    found = [folder for folder in found if records.has_record(folder)]
    found = found or _by_name(results, boards, code)
    if not found:
        wrong = explain_wrong_file(path, "record folder") if code.strip() else ""
        message = f"{results}: {_unknown(results, boards, code)}"
        raise UserError(wrong or message)
    if len(found) > 1:
        raise UserError(_ambiguous(code, found))
    return found[0]


def _ambiguous(code: str, found: list[Path]) -> str:
    """Return how to choose; a board has a name twice if its parameters changed."""
    places = ", ".join(f"{folder.parent.name}/{folder.name}" for folder in found)
    names_board = len({folder.parent for folder in found}) == len(found)
    way = "with --dataset" if names_board else "by its code, the last part"
    return f"scenario '{code}' is in {places}. Choose one {way}."


def _unknown(results: Path, boards: list[str], code: str) -> str:
    """Suggest the closest code or name; a board has too many to list all."""
    known = {
        word
        for board in boards
        for row in records.iter_rows(results, board)
        for word in (row.code, getattr(row, "name", ""))
        if word
    }
    if difflib.get_close_matches(code, known, n=1) or len(known) <= _LISTED:
        return unknown("scenario", code, known)
    return f"unknown scenario '{code}'. See them all: rakuten-bench report --top 1000"


def _by_name(results: Path, boards: list[str], name: str) -> list[Path]:
    return [
        results / board / row.code
        for board in boards
        for row in records.iter_rows(results, board)
        if isinstance(row, records.Row) and row.name and row.name == name
    ]


def render_scenario(folder: Path, width: int = 100) -> str:
    """Return a page about one scenario for the terminal."""
    record = records.read_record(folder)
    parts = [
        _head(record),
        *_contradiction(folder, record),
        _levers(record, width),
        *_search(record),
    ]
    if record.error is not None:
        parts.append(_failure(record))
    if record.scores is not None:
        confusion = records.read_confusion(folder)
        parts += [
            _scores(record, confusion),
            _classes(record, width),
            *_confusions(record, confusion),
        ]
    if record.clustering is not None:
        parts += [_cluster_scores(record), _clusters(record, folder, width)]
    if record.steps:
        parts.append(_steps(record, width))
    parts.append("\n".join(_origin(record)))
    return "\n\n".join(parts) + "\n"


def _contradiction(folder: Path, record: Record) -> list[str]:
    found = records.say_contradiction(folder, record)
    return [found] if found else []


def _head(record: Record) -> str:
    name = "" if record.name in ("", record.code) else f" ({clean(record.name)})"
    return f"{record.code}{name} on {clean(record.board)}: {record.status}"


def _levers(record: Record, width: int) -> str:
    rows = list(all_words(record).items())
    return terminal_table([Column("lever", fixed=True), Column("option")], rows, width)


def _search(record: Record) -> list[str]:
    lines = [f"search: {line}" for line in search_words(record.details)]
    return ["\n".join(lines)] if lines else []


def _failure(record: Record) -> str:
    assert record.error is not None
    trace = [clean(line) for line in record.error.traceback.splitlines()]
    head = clean(f"{record.error.type}: {record.error.message}")
    return "\n".join([head, *trace])


def _scores(record: Record, confusion: Counts) -> str:
    """Format the scores, and one of a clustering for comparison."""
    assert record.scores is not None
    ari = score_words(metrics.adjusted_rand_index(confusion))
    return f"{_score_lines(record.scores, METRICS)}\n{CLUSTER_METRIC:12} {ari}"


def _cluster_scores(record: Record) -> str:
    assert record.clustering is not None
    return _score_lines(record.clustering, CLUSTER_METRICS)


def _score_lines(scores: Scores | ClusterScores, titles: Mapping[str, Title]) -> str:
    """Format each score, and that of each fold if there are several."""
    wide = max(12, *(len(title.words) for title in titles.values()))
    lines = []
    for metric, title in titles.items():
        line = f"{title.words:{wide}} {score_words(getattr(scores, metric))}"
        folds = [score_words(getattr(fold, metric)) for fold in scores.folds]
        lines.append(line + (f"   folds {' '.join(folds)}" if folds else ""))
    return "\n".join(lines)


def _clusters(record: Record, folder: Path, width: int) -> str:
    """Return a table of the most frequent class of each nonempty cluster."""
    columns = [
        Column("cluster", fixed=True),
        Column("rows", right=True, fixed=True),
        Column("most frequent class"),
        Column("share", right=True, fixed=True),
    ]
    return terminal_table(columns, cluster_rows(record, folder), width)


def cluster_rows(record: Record, folder: Path, subset: str = "") -> list[list[str]]:
    """Return number, size, most frequent class and its share of each cluster.

    Parameters
    ----------
    record : Record
    folder : Path
        Of the record.
    subset : str
        Language of the rows that count; "" for all.

    Raises
    ------
    DamagedRecord
        If the clusters can't be read.
    """
    if subset:
        part = records.read_predictions(folder)
        names, counts = records.count_clusters(part.take(part.language == subset))
    else:
        names, counts = records.read_clusters(folder, len(record.classes))
    labels = [class_name(label, record.label_names) for label in record.classes]
    found = []
    for name, column in zip(names, counts.T, strict=True):
        size, most = int(column.sum()), int(column.argmax())
        if size:
            share = percent(column[most] / size)
            found.append([name, f"{size:,}", labels[most], share])
    return found


def _classes(record: Record, width: int) -> str:
    columns = [
        Column("class"),
        *(
            Column(title, right=True, fixed=True)
            for title in ("precision", "recall", "F1", "rows")
        ),
    ]
    rows = [
        [
            class_name(row.label, record.label_names),
            score_words(row.precision, 3),
            score_words(row.recall, 3),
            score_words(row.f1, 3),
            f"{row.support:,}",
        ]
        for row in record.per_class
    ]
    return terminal_table(columns, rows, width)


def _confusions(record: Record, confusion: Counts) -> list[str]:
    """List classes that are confused with another in 15 % of their rows or more."""
    names = [class_name(label, record.label_names) for label in record.classes]
    lines = [
        f"{names[true]} predicted as {names[predicted]}: {number(count, 'row')}, {percent(share)}"
        for true, predicted, count, share in metrics.notable_confusions(confusion)
    ]
    return ["\n".join(["Notable confusions:", *lines])] if lines else []


def _steps(record: Record, width: int) -> str:
    columns = [
        Column("step", fixed=True),
        Column("option"),
        Column("time", right=True, fixed=True),
        Column("memory", right=True, fixed=True),
        Column("", fixed=True),
    ]
    rows = [
        [
            step.lever,
            step.option,
            render_seconds(step.seconds),
            "" if step.memory is None else render_megabytes(step.memory),
            step_flags(step),
        ]
        for step in record.steps
    ]
    return terminal_table(columns, rows, width)


def step_flags(step: StepCost) -> str:
    """Return the flags of a step of a record."""
    words = ("shared", "cached", "failed")
    return " ".join(word for word in words if getattr(step, word))


def _origin(record: Record) -> Iterator[str]:
    yield (
        f"fit {render_seconds(record.fit_time)}, predict {render_seconds(record.predict_time)}; "
        f"own {render_seconds(record.own_time)}, saved by sharing {render_seconds(record.saved_time)}"
    )
    yield (
        f"data {record.dataset.fingerprint[:12]}, split {record.split.fingerprint[:12]} "
        f"({record.split.scheme}), seed {record.seed}"
    )
    if record.provenance is not None:
        origin = record.provenance
        commit = f", commit {origin.commit[:10]}" if origin.commit else ""
        dirty = " with changes" if origin.dirty else ""
        yield f"{origin.created}, Python {origin.python}, {origin.cpu}{commit}{dirty}"
        yield ", ".join(f"{name} {v}" for name, v in origin.packages.items())
    yield from (f"note: {clean(note)}" for note in record.notes)
