"""The static part of the page: board, effects, cost and classes as HTML and SVG."""

from __future__ import annotations

from rakuten_bench.metric import CLUSTER_METRICS, METRICS
from rakuten_bench.report.board import Entry, Ranking
from rakuten_bench.report.effect import Effect, Effects, lever_effects
from rakuten_bench.report.inlier import inlier_range
from rakuten_bench.report.page.chart import (
    Scale,
    class_table,
    cost_chart,
    details,
    plain_table,
    whisker,
)
from rakuten_bench.report.page.content import LIMIT, board_rows, shown
from rakuten_bench.report.page.markup import Markup, element
from rakuten_bench.report.render import CLUSTERINGS, board_remarks
from rakuten_bench.report.render_effect import interaction_words, legend
from rakuten_bench.units import render_seconds
from rakuten_bench.wording.words import (
    Wording,
    clean,
    number,
    percent,
    score_words,
    signed,
)


def board_section(place: int, board: Ranking) -> Markup:
    """Return everything about a board except the pages of its scenarios."""
    parts = [
        element("h1", clean(board.title), id=f"b{place}"),
        _remarks(board),
        _controls(place, board),
        _table(place, board),
        _clusterings(place, board),
        _effects(board),
    ]
    if board.entries:
        parts += [cost_chart(place, board, LIMIT), class_table(place, board)]
    return element("section", *parts, class_="board", data_board=place)


def _remarks(board: Ranking) -> Markup:
    lines = board_remarks(board, Wording([entry.row for entry in board.everyone]))
    hidden = len(board.everyone) - len(shown(board))
    if hidden > 0:
        lines.append(f"{number(hidden, 'more scenario')} not in this page.")
    return element(
        "div", *(element("p", clean(line)) for line in lines), class_="quiet"
    )


def _controls(place: int, board: Ranking) -> Markup:
    """Return the filter, the sort menu for narrow screens and the row count."""
    options = [
        element("option", title, value=f"{column}")
        for column, title in enumerate(_column_titles(board))
    ]
    filter_box = element(
        "input",
        id=f"filter{place}",
        type="search",
        class_="filter",
        placeholder="words, such as: tfidf svc",
        autocomplete="off",
    )
    return element(
        "form",
        element("label", "Filter ", filter_box, element("kbd", "/")),
        element(
            "label",
            "Sort by ",
            element("select", *options, class_="sort"),
            class_="narrow",
        ),
        element("output", class_="count", for_=f"filter{place}", aria_live="polite"),
        class_="controls",
    )


def _column_titles(board: Ranking) -> list[str]:
    others = [title.column for name, title in METRICS.items() if name != board.metric]
    first = ["#", "group", "scenario", "levers", METRICS[board.metric].column, "95 %"]
    return [*first, *others, "own", "saved", "status"]


def _table(place: int, board: Ranking) -> Markup:
    titles = _column_titles(board)
    heads = [
        element(
            "th",
            element("button", title, type="button"),
            scope="col",
            class_=_class(title),
        )
        for title in titles
    ]
    wording = Wording([entry.row for entry in board.everyone])
    scale = Scale(board.entries, board.metric)
    rows = [
        element(
            "tr",
            *(
                _cell(title, *cell)
                for title, cell in zip(
                    titles, _row(place, board, entry, wording, scale), strict=True
                )
            ),
            data_status=entry.row.status,
        )
        for entry in board_rows(board)
    ]
    table = element(
        "table",
        element("caption", "Scenarios, best first", class_="away"),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
    )
    return element("div", table, class_="wide")


def _clusterings(place: int, board: Ranking) -> Markup:
    """Return the clusterings, in a separate table."""
    if not board.clusterings:
        return Markup()
    wording = Wording([entry.row for entry in board.everyone])
    rows = [
        [
            _link(place, entry),
            clean(wording(entry.row)),
            *(score_words(entry.scores[metric]) for metric in CLUSTER_METRICS),
            render_seconds(entry.row.own_time),
        ]
        for entry in board.clusterings[:LIMIT]
    ]
    scores = [title.column for title in CLUSTER_METRICS.values()]
    titles = ("scenario", "levers", *scores, "own")
    table = plain_table(titles, rows, (*scores, "own"))
    return details(CLUSTERINGS, table, opened=True)


def _link(place: int, entry: Entry) -> Markup:
    """Return the code of a scenario as a link to its page, and its name."""
    named = entry.row.name not in ("", entry.code)
    link = element("a", entry.code, href=f"#s{place}/{entry.code}")
    words = clean(entry.row.name)
    name = element("span", words, class_="name") if named else Markup()
    return Markup(link + name)


def _class(title: str) -> str | None:
    return None if title in ("scenario", "levers", "status") else "n"


def _cell(title: str, text: str, value: float | str | None) -> Markup:
    """Return a cell with a sort value; None sorts last."""
    return element(
        "td",
        text,
        class_=_class(title),
        data_label=title,
        data_v="" if value is None else value,
    )


Cell = tuple[str, float | str | None]


def _row(
    place: int, board: Ranking, entry: Entry, wording: Wording, scale: Scale
) -> list[Cell]:
    row = entry.row
    words = clean(wording(row))
    status = (
        row.status if not entry.error else f"{row.status}: {clean(entry.error, 160)}"
    )
    others = [metric for metric in METRICS if metric != board.metric]
    rank = "" if entry.rank is None else f"{entry.rank}{'*' if entry.pareto else ''}"
    return [
        (rank, entry.rank),
        ("" if entry.group is None else str(entry.group), entry.group),
        (_link(place, entry), entry.code),
        (words, words),
        _score(entry, board.metric),
        (scale.draw(entry), entry.interval[0] if entry.interval else None),
        *(_score(entry, metric) for metric in others),
        _time(entry, row.own_time),
        _time(entry, row.saved_time),
        (status, row.status),
    ]


def _score(entry: Entry, metric: str) -> Cell:
    value = entry.scores.get(metric)
    return ("" if value is None else score_words(value), value)


def _time(entry: Entry, value: float) -> Cell:
    return (render_seconds(value), value) if entry.rank is not None else ("", None)


def _effects(board: Ranking) -> Markup:
    """Return the lever effects, and the significant interactions."""
    found = lever_effects(board)
    if not found.effects:
        return Markup()
    ends = [abs(end) for effect in found.effects for end in (effect.low, effect.high)]
    reach = max(inlier_range(ends)[1], 1e-9)
    titles = ("lever", "option", "effect", "95 %", "pairs", "best in", "in the best")
    rows = [_effect_cells(effect, reach) for effect in found.effects]
    return details(
        "Lever effects",
        element("p", legend(board.metric), class_="quiet"),
        plain_table(titles, rows, ("effect", "pairs", "best in", "in the best")),
        _interactions(found),
        opened=True,
    )


def _effect_cells(effect: Effect, reach: float) -> list[str]:
    low, middle, high = (
        round(50 + 50 * min(max(value / reach, -1), 1), 2)
        for value in (effect.low, effect.estimate, effect.high)
    )
    words = f"{signed(effect.low)} to {signed(effect.high)}"
    return [
        effect.lever,
        clean(effect.option) or "(absent)",
        signed(effect.estimate),
        whisker((low, middle, high), words, "whisker zero"),
        f"{effect.n_pairs:,}",
        percent(effect.wins),
        "" if effect.in_best is None else signed(effect.in_best),
    ]


def _interactions(found: Effects) -> Markup:
    if not found.interactions:
        return Markup()
    titles = ("choice", "brings more with", "by", "95 %", "fours")
    rows = [[clean(cell) for cell in interaction_words(i)] for i in found.interactions]
    told = "Interactions whose interval excludes 0, most certain first; not corrected for multiple tests."
    return Markup(
        element("p", told, class_="quiet")
        + plain_table(titles, rows, ("by", "95 %", "fours"))
    )
