"""Charts of the page: intervals, score against cost, classes across scenarios."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rakuten_bench import records
from rakuten_bench.report.board import Entry, Ranking, read_f1
from rakuten_bench.report.inlier import inlier_range
from rakuten_bench.report.page.markup import Markup, element
from rakuten_bench.units import render_seconds
from rakuten_bench.wording.words import class_name, number, score_words

_TOP = 8  # scenarios in the table of classes
_WIDTH, _HEIGHT = 720, 320  # of a chart, in its own units
_LEFT, _BOTTOM = 56, 44  # room for the labels of its axes


def details(title: str, *children: Markup, opened: bool = False) -> Markup:
    """Return a collapsible part of the page."""
    head = element("summary", element("h2", title))
    return element("details", head, *children, open=opened)


def plain_table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()
) -> Markup:
    """Return a table that scrolls where the screen is too narrow.

    Parameters
    ----------
    titles : sequence of str
    rows : sequence of rows of str
    numbers : sequence of str
        Titles of right-aligned columns.
    """
    kinds = ["n" if title in numbers else None for title in titles]
    head = element(
        "tr",
        *(
            element("th", title, scope="col", class_=kind)
            for title, kind in zip(titles, kinds, strict=True)
        ),
    )
    body = [
        element(
            "tr",
            *(
                element("td", cell, class_=kind)
                for cell, kind in zip(row, kinds, strict=True)
            ),
        )
        for row in rows
    ]
    table = element("table", element("thead", head), element("tbody", *body))
    return element("div", table, class_="wide")


def whisker(
    places: tuple[float, float, float], words: str, kind: str = "whisker"
) -> Markup:
    """Draw an interval on a scale from 0 to 100, with words beside it.

    Parameters
    ----------
    places : (low, middle, high)
    words : str
    kind : str
        Class of the drawing.
    """
    low, middle, high = places
    drawing = element(
        "svg",
        element("line", x1=low, x2=high, y1=5, y2=5),
        element("circle", cx=middle, cy=5, r=3),
        class_=kind,
        viewBox="0 0 100 10",
        aria_hidden="true",
    )
    return Markup(drawing + element("span", words, class_="ends"))


class Scale:
    """Draws the intervals of a board on one scale."""

    def __init__(self, entries: Sequence[Entry], metric: str) -> None:
        ends = [end for entry in entries if entry.interval for end in entry.interval]
        self.metric = metric
        self._place = axis(*inlier_range(ends or [0.0, 1.0]), 0, 100)

    def draw(self, entry: Entry) -> Markup:
        """Return the interval of a scenario; nothing if it has none."""
        if entry.interval is None:
            return Markup()
        low, high = entry.interval
        middle = entry.scores[self.metric]
        places = self._place(low), self._place(middle), self._place(high)
        return whisker(places, f"{score_words(low)} to {score_words(high)}")


def axis(
    low: float, high: float, start: float, stop: float
) -> Callable[[float], float]:
    """Return a function that maps values onto a line, a little inside both ends.

    Values below `low` or above `high` are drawn at its ends.
    """

    def place(value: float) -> float:
        near = min(max(value, low), high)
        part = 0.5 if high == low else (near - low) / (high - low)
        return round(start + (0.04 + 0.92 * part) * (stop - start), 2)

    return place


def cost_chart(place: int, board: Ranking, limit: int) -> Markup:
    """Draw score against seconds; each point leads to its scenario."""
    entries = board.entries[:limit]
    costs = [float(np.log10(max(entry.cost, 1e-3))) for entry in entries]
    scores = [entry.scores[board.metric] for entry in entries]
    low, high = inlier_range(scores)
    x = axis(min(costs), max(costs), _LEFT, _WIDTH - 16)
    y = axis(low, high, _HEIGHT - _BOTTOM, 12)
    drawing = element(
        "svg",
        *_x_ticks(costs, x),
        *_y_ticks(low, high, y),
        *(
            _point(f"#s{place}/{entry.code}", entry, board.metric, x(cost), y(score))
            for entry, cost, score in zip(entries, costs, scores, strict=True)
        ),
        class_="chart",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="group",
        aria_label=f"{board.metric} against seconds",
    )
    told = (
        f"{board.metric} against seconds, shared steps in full. Filled: Pareto-optimal."
    )
    n_below = sum(score < low for score in scores)
    if n_below:
        told += f" Outliers, drawn at the lower edge: {number(n_below, 'scenario')}."
    return details("Score against cost", drawing, element("p", told, class_="quiet"))


def _point(href: str, entry: Entry, metric: str, x: float, y: float) -> Markup:
    words = f"{entry.code}: {score_words(entry.scores[metric])} in {render_seconds(entry.cost)}"
    return element(
        "a",
        element("title", words),
        element("circle", cx=x, cy=y, r=5),
        href=href,
        class_="front" if entry.pareto else None,
        aria_label=words,
    )


def _x_ticks(costs: Sequence[float], x: Callable[[float], float]) -> Iterator[Markup]:
    """Mark seconds on a logarithmic axis, about eight of them."""
    low, high = min(costs), max(costs)
    powers = range(math.floor(low), math.ceil(high) + 1)
    steps = (1,) if high - low > 3 else (1, 2, 5)
    marks = [math.log10(step) + power for power in powers for step in steps]
    for value in [mark for mark in marks if low <= mark <= high] or [low]:
        yield _tick(x(value), _HEIGHT - _BOTTOM, 0, 6)
        text = f"{10**value:.3g}"
        yield element("text", text, x=x(value), y=_HEIGHT - 22, text_anchor="middle")
    yield element("text", "seconds", x=_WIDTH - 16, y=_HEIGHT - 4, text_anchor="end")


def _y_ticks(low: float, high: float, y: Callable[[float], float]) -> Iterator[Markup]:
    for value in np.linspace(low, high, 5 if high > low else 1):
        place = y(float(value))
        yield _tick(_LEFT, place, _WIDTH - _LEFT - 16, 0)
        text = score_words(float(value), 3)
        yield element("text", text, x=_LEFT - 8, y=place + 4, text_anchor="end")


def _tick(x: float, y: float, dx: float, dy: float) -> Markup:
    return element("line", x1=x, y1=y, x2=x + dx, y2=y + dy)


def class_table(place: int, board: Ranking) -> Markup:
    """Return F1 of each class across the best scenarios, hard classes first."""
    entries = board.entries[:_TOP]
    f1 = np.stack([read_f1(entry.folder, board.subset) for entry in entries], axis=1)
    best = records.read_record(entries[0].folder)
    names = [class_name(label, best.label_names) for label in best.classes]
    heads = [
        element("a", f"{entry.rank}", href=f"#s{place}/{entry.code}", title=entry.code)
        for entry in entries
    ]
    rows = [
        element(
            "tr",
            element("th", names[row], scope="row"),
            *(_heat(float(value)) for value in f1[row]),
        )
        for row in np.argsort(f1.mean(axis=1), kind="stable")
    ]
    head = element(
        "tr",
        element("th", "class", scope="col"),
        *(element("th", link, scope="col", class_="n") for link in heads),
    )
    table = element("table", element("thead", head), element("tbody", *rows))
    wide = element("div", table, class_="wide heat")
    told = element(
        "p", "F1 of each class; columns are scenarios by rank.", class_="quiet"
    )
    return details("Classes across the best scenarios", told, wide)


def _heat(value: float) -> Markup:
    return element("td", score_words(value, 2), style=f"--v:{value:.2f}", class_="n")
