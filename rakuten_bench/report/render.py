"""A board as a table for the terminal, Markdown, CSV or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rakuten_bench.metric import CLUSTER_METRIC, CLUSTER_METRICS, METRICS
from rakuten_bench.report.board import (
    Entry,
    Ranking,
)
from rakuten_bench.units import render_seconds
from rakuten_bench.wording.format import Answer, Lines
from rakuten_bench.wording.table import Column, Table
from rakuten_bench.wording.words import (
    Wording,
    all_words,
    clean,
    lever_names,
    number,
    score_words,
)

_SHOWN = 20  # rows of a table by default
_NAME, _WORDS = 60, 240  # characters of a scenario's name and of its levers
_WIDE = 130  # columns of a terminal with room for everything
_NARROW = 96  # ... with room for two more scores
_SLIM = 70  # ... with room for the seconds


def render_boards(
    boards: Sequence[Ranking], format_: str, top: int | None = None, width: int = 100
) -> str:
    """Return boards in a format, each under its own title.

    Raises
    ------
    UserError
        For a format that boards are not written in.
    """
    answer = Answer.of_tables(
        lambda room: [table for board in boards for table in _tables(board, top, room)],
        lambda: board_rows(boards, top),
        rows=lambda: _csv_rows(boards, top),
    )
    return answer.render(format_, width)


def _tables(board: Ranking, top: int | None, width: int) -> tuple[Table, ...]:
    """Return the ranked scenarios under the board's title, clusterings, failures."""
    top = _SHOWN if top is None else top
    wording = Wording([entry.row for entry in board.everyone])
    rows = [_cells(board, entry, wording, width) for entry in board.entries[:top]]
    ranked = Table(
        board.title,
        tuple(column for column, _ in rows[0]) if rows else (),
        tuple(tuple(cell for _, cell in row) for row in rows),
    )
    failed = tuple(
        (entry.code, entry.row.status, clean(entry.error, 200), called(entry, wording))
        for entry in board.failures[:top]
    )
    remarks = tuple(_remarks(board, wording, top))
    clustered = _clusterings(board, wording, top)
    return ranked, clustered, Table("", _FAILURE_COLUMNS, failed, remarks)


def _clusterings(board: Ranking, wording: Wording, top: int) -> Table:
    """Return the clusterings, separate from the ranking."""
    if not board.clusterings:
        return Table("", (), ())
    rows = [
        (
            entry.code,
            called(entry, wording),
            *(score_words(entry.scores[metric]) for metric in CLUSTER_METRICS),
            render_seconds(entry.row.own_time),
        )
        for entry in board.clusterings[:top]
    ]
    return Table(CLUSTERINGS, _CLUSTER_COLUMNS, tuple(rows))


#: Title of the table of clusterings.
CLUSTERINGS = "Clusterings (not ranked)"

_CLUSTER_COLUMNS = (
    Column("code", fixed=True),
    Column("levers"),
    *(Column(one.narrow, right=True, fixed=True) for one in CLUSTER_METRICS.values()),
    Column("own", right=True, fixed=True),
)

_FAILURE_COLUMNS = (
    Column("code", fixed=True),
    Column("status", fixed=True),
    Column("why"),
    Column("levers"),
)


Cells = list[tuple[Column, str]]


def _cells(board: Ranking, entry: Entry, wording: Wording, width: int) -> Cells:
    """Return the cells of a row by column, as many as fit."""
    wide = width >= _WIDE
    score = entry.scores[board.metric]
    others = [metric for metric in METRICS if metric != board.metric]
    return [
        (_right("#"), f"{entry.rank}{'*' if entry.pareto else ''}"),
        (_right("grp"), "" if entry.group is None else str(entry.group)),
        (Column("code", fixed=True), entry.code),
        (Column("levers"), called(entry, wording)),
        (_right(METRICS[board.metric].narrow), score_words(score)),
        (_right("95 %"), _interval(entry, score, wide)),
        *(
            (_right(METRICS[name].narrow), score_words(entry.scores[name]))
            for name in others
            if width >= _NARROW
        ),
        *(
            [(_right("own"), render_seconds(entry.row.own_time))]
            if width >= _SLIM
            else []
        ),
        *([(_right("saved"), render_seconds(entry.row.saved_time))] if wide else []),
    ]


def _right(title: str) -> Column:
    return Column(title, right=True, fixed=True)


def _interval(entry: Entry, score: float, wide: bool) -> str:
    """Format the interval; in a narrow table as ± the larger side."""
    if entry.interval is None:
        return ""
    low, high = entry.interval
    if wide:
        return f"{score_words(low)} to {score_words(high)}"
    return f"±{score_words(max(score - low, high - score), 3)}"


def called(entry: Entry, wording: Wording) -> str:
    """Return the levers in words, after the user's name if there is one."""
    words = clean(wording(entry.row), _WORDS)
    name = entry.row.name
    return words if name in ("", entry.code) else f"{clean(name, _NAME)}: {words}"


def _remarks(board: Ranking, wording: Wording, top: int) -> list[str]:
    """Return the remarks on a board and on what is not shown."""
    more = len(board.entries) - top
    clustered = len(board.clusterings) - top
    hidden = len(board.failures) - top
    lines = board_remarks(board, wording)
    if more > 0:
        lines.append(f"{number(more, 'more scenario')} with scores (--top).")
    if clustered > 0:
        lines.append(f"{number(clustered, 'more clustering')} (--top).")
    if hidden > 0:
        lines.append(f"{number(hidden, 'more scenario')} without scores.")
    return lines


def board_remarks(board: Ranking, wording: Wording) -> list[str]:
    """Return what all scenarios share, the legend, and what is excluded."""
    left_out = [f"Left out: {sentence}" for sentence in board.left_out]
    data = [f"Data: {clean(sentence)}" for sentence in board.dataset.remarks]
    lines = (wording.caption, _legend(board), _cluster_legend(board), *left_out, *data)
    return [line for line in lines if line]


def _cluster_legend(board: Ranking) -> str:
    """Explain the scores of clusterings; "" if there are none."""
    if not board.clusterings:
        return ""
    return (
        "Clusterings learn without labels. ARI: adjusted Rand index against the "
        "classes, 1 for identical partitions, 0 by chance. Purity: share of rows in "
        "the most frequent class of their cluster."
    )


def _legend(board: Ranking) -> str:
    """Explain the columns; "" if there is nothing to explain."""
    if not board.entries:
        return ""
    own = sum(entry.row.own_time for entry in board.everyone)
    saved = sum(entry.row.saved_time for entry in board.everyone)
    parts = [
        f"Ranked by {board.metric}. * Pareto-optimal: no cheaper one scores as well."
    ]
    if any(entry.group for entry in board.entries):
        parts.append(
            "Scenarios in a group do not differ significantly from its best (paired "
            "bootstrap of the test rows, Holm over all pairs, 5 %)."
        )
    parts.append(
        f"Own time {render_seconds(own)} in total; "
        f"sharing saved {render_seconds(saved)}."
    )
    return " ".join(parts)


def board_rows(boards: Sequence[Ranking], top: int | None) -> list[dict[str, Any]]:
    """Return one flat mapping for each scenario, for JSON and CSV."""
    return [
        json_row(board, entry)
        for board in boards
        for entry in (
            *board.entries[:top],
            *board.clusterings[:top],
            *board.failures,
        )
    ]


def json_row(board: Ranking, entry: Entry) -> dict[str, Any]:
    """Return one scenario as plain values; missing ones are None."""
    row = entry.row
    return {
        "rank": entry.rank,
        "code": entry.code,
        "name": row.name,
        "dataset": board.dataset.name,
        "levers": all_words(row),
        **{name: entry.scores.get(name) for name in (*METRICS, *CLUSTER_METRICS)},
        "fit_time": row.fit_time,
        "status": row.status,
        "error": entry.error or None,
        "board": board.name,
        "subset": board.subset or None,
        "metric": CLUSTER_METRIC if row.clustering else board.metric,
        "low": entry.interval[0] if entry.interval else None,
        "high": entry.interval[1] if entry.interval else None,
        "group": entry.group,
        "own_time": row.own_time,
        "saved_time": row.saved_time,
        "pareto": entry.pareto,
    }


def flat_rows(
    boards: Sequence[Ranking], top: int | None = None
) -> list[dict[str, object]]:
    """Return one flat mapping for each scenario, one entry for each lever."""
    levers = lever_names(entry.row for board in boards for entry in board.everyone)
    return [_flat(row, levers) for row in board_rows(boards, top)]


def _csv_rows(boards: Sequence[Ranking], top: int | None) -> Lines:
    rows = flat_rows(boards, top)
    return [[*rows[0]], *([*row.values()] for row in rows)] if rows else []


def _flat(row: Mapping[str, Any], levers: Sequence[str]) -> dict[str, object]:
    """Return a row with the levers as columns of their own."""
    cells: dict[str, object] = {}
    for name, value in row.items():
        if name == "levers":
            cells |= {lever: value.get(lever, "") for lever in levers}
        else:
            cells[name] = value
    return cells
