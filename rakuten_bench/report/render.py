"""A board as a table for the terminal, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rakuten_bench.records import safe_cell
from rakuten_bench.report.board import METRICS, Board, Entry, load_board
from rakuten_bench.report.standing import with_standing
from rakuten_bench.report.text import Column, markdown_table, terminal_table
from rakuten_bench.report.words import (
    Wording,
    all_words,
    clean,
    lever_names,
    number,
    score_words,
    seconds,
)

TITLES = {"f1_weighted": "F1", "f1_macro": "macro", "accuracy": "acc."}
_SHOWN = 20  # rows of a table when nothing else is asked for


def render_board(
    results: Path, name: str, top: int | None = 10, width: int = 100
) -> str:
    """Read one board and return it as a table for the terminal.

    Parameters
    ----------
    results : Path
        Folder of all boards.
    name : str
        Of the board's folder.
    top : int or None
        How many scenarios; failures follow them. None for all.
    width : int
        Columns of the terminal.
    """
    return render_table([with_standing(load_board(results, name), top)], top, width)


def render_boards(
    boards: Sequence[Board], form: str, top: int | None = None, width: int = 100
) -> str:
    """Return boards in one of `FORMATS`, each under its own title, never mixed."""
    return FORMATS[form](boards, top, width)


def render_table(boards: Sequence[Board], top: int | None, width: int) -> str:
    """Return boards for the terminal."""
    parts = [
        _table(board, top, lambda c, r: terminal_table(c, r, width)) for board in boards
    ]
    return "\n\n".join(parts) + "\n"


def render_markdown(boards: Sequence[Board], top: int | None, width: int) -> str:
    """Return boards as Markdown tables."""
    del width
    parts = [f"### {_table(board, top, markdown_table)}" for board in boards]
    return "\n\n".join(parts) + "\n"


Drawing = Callable[[Sequence[Column], Sequence[Sequence[str]]], str]


def _table(board: Board, top: int | None, draw: Drawing) -> str:
    """Return title, ranked scenarios, failures and remarks of a board."""
    top = _SHOWN if top is None else top
    wording = Wording([entry.row for entry in board.everyone])
    parts = [clean(board.title)]
    if board.entries:
        rows = [_cells(board, entry, wording) for entry in board.entries[:top]]
        parts.append(draw(_columns(board), rows))
    if board.failures:
        failed = [
            [entry.code, entry.row.status, clean(entry.error, 200), wording(entry.row)]
            for entry in board.failures[:top]
        ]
        parts.append(draw(_FAILURE_COLUMNS, failed))
    parts += _remarks(board, top, wording)
    return "\n\n".join(parts)


_FAILURE_COLUMNS = (
    Column("code", fixed=True),
    Column("status", fixed=True),
    Column("why"),
    Column("levers"),
)


def _columns(board: Board) -> list[Column]:
    others = [metric for metric in METRICS if metric != board.metric]
    numbers = [TITLES[board.metric], "95 %", *(TITLES[name] for name in others)]
    return [
        Column("#", right=True, fixed=True),
        Column("group", right=True, fixed=True),
        Column("code", fixed=True),
        Column("levers"),
        *(Column(title, right=True, fixed=True) for title in numbers),
        Column("own", right=True, fixed=True),
        Column("saved", right=True, fixed=True),
    ]


def _cells(board: Board, entry: Entry, wording: Wording) -> list[str]:
    others = [metric for metric in METRICS if metric != board.metric]
    return [
        f"{entry.rank}{'*' if entry.pareto else ''}",
        "" if entry.group is None else str(entry.group),
        entry.code,
        _called(entry, wording),
        score_words(entry.scores[board.metric]),
        _interval(entry),
        *(score_words(entry.scores[metric]) for metric in others),
        seconds(entry.row.own_time),
        seconds(entry.row.saved_time),
    ]


def _interval(entry: Entry) -> str:
    if entry.interval is None:
        return ""
    low, high = entry.interval
    return f"{score_words(low, 3)}–{score_words(high, 3)}"  # noqa: RUF001 a range


def _called(entry: Entry, wording: Wording) -> str:
    """Return the levers in words, after the name where the user gave one."""
    words = wording(entry.row)
    name = entry.row.name
    return clean(words if name in ("", entry.code) else f"{name}: {words}")


def _remarks(board: Board, top: int, wording: Wording) -> list[str]:
    more = len(board.entries) - top
    hidden = len(board.failures) - top
    lines = [clean(wording.caption), _legend(board)]
    if more > 0:
        lines.append(f"{number(more, 'more scenario')} with scores (--top).")
    if hidden > 0:
        lines.append(f"{number(hidden, 'more scenario')} without scores.")
    lines += [f"Left out: {clean(sentence)}" for sentence in board.left_out]
    text = "\n".join(line for line in lines if line)
    return [text] if text else []


def _legend(board: Board) -> str:
    """Explain the columns in a line; "" where there is nothing to explain."""
    if not board.entries:
        return ""
    parts = [f"Ranked by {board.metric}"]
    if any(entry.group for entry in board.entries):
        parts.append(
            "who shares a group can't be told from its best (paired bootstrap of the "
            "rows, Holm, 5 %)"
        )
    parts.append("own and saved: seconds spent, seconds that sharing saved")
    parts.append("*: none as good costs less")
    return "; ".join(parts) + "."


def board_rows(boards: Sequence[Board], top: int | None) -> list[dict[str, Any]]:
    """Return one flat mapping for each scenario, as JSON and CSV give them."""
    return [
        json_row(board, entry)
        for board in boards
        for entry in (*board.entries[:top], *board.failures)
    ]


def json_row(board: Board, entry: Entry) -> dict[str, Any]:
    """Return one scenario as plain values; what it has not is None."""
    row = entry.row
    return {
        "rank": entry.rank,
        "code": entry.code,
        "name": row.name,
        "dataset": board.dataset.name,
        "levers": all_words(row),
        **{metric: entry.scores.get(metric) for metric in METRICS},
        "fit_time": row.fit_time,
        "status": row.status,
        "error": entry.error or None,
        "board": board.name,
        "subset": board.subset or None,
        "metric": board.metric,
        "low": entry.interval[0] if entry.interval else None,
        "high": entry.interval[1] if entry.interval else None,
        "group": entry.group,
        "own_time": row.own_time,
        "saved_time": row.saved_time,
        "pareto": entry.pareto,
    }


def render_json(boards: Sequence[Board], top: int | None, width: int) -> str:
    """Return one list of rows over all boards."""
    del width
    return json.dumps(board_rows(boards, top), indent=1, ensure_ascii=False) + "\n"


def render_csv(boards: Sequence[Board], top: int | None, width: int) -> str:
    """Return one line for each scenario, one column for each lever.

    Cells that a spreadsheet would run as a formula are neutralised.
    """
    del width
    levers = lever_names(entry.row for board in boards for entry in board.everyone)
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in board_rows(boards, top):
        cells = _flat(row, levers)
        if writer is None:
            writer = csv.DictWriter(text, list(cells), lineterminator="\n")
            writer.writeheader()
        writer.writerow(cells)
    return text.getvalue()


def _flat(row: Mapping[str, Any], levers: Sequence[str]) -> dict[str, Any]:
    """Return a row with the levers as columns of their own."""
    cells: dict[str, Any] = {}
    for name, value in row.items():
        if name == "levers":
            cells |= {lever: safe_cell(value.get(lever, "")) for lever in levers}
        else:
            cells[name] = safe_cell(value) if isinstance(value, str) else value
    return cells


#: Name of a format -> function of boards, number of rows and width.
FORMATS: Mapping[str, Callable[[Sequence[Board], int | None, int], str]] = {
    "table": render_table,
    "markdown": render_markdown,
    "csv": render_csv,
    "json": render_json,
}
