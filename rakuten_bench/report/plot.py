"""Plots of boards and scenarios, drawn as PNG and SVG by matplotlib.

Each `draw_` function returns a figure; `board_plots` and `scenario_plots` yield files
to write. Texts come from data: they are never parsed as math text, and a character that
the font lacks becomes a box without a warning.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench import metrics, records
from rakuten_bench.records import Record
from rakuten_bench.registry.package import PLOTS, require
from rakuten_bench.report.board import Entry, Ranking, read_counts, read_f1
from rakuten_bench.report.curve import learning_curves
from rakuten_bench.report.effect import Effects, lever_effects
from rakuten_bench.report.inlier import inlier_range
from rakuten_bench.report.render import called
from rakuten_bench.wording.words import (
    Wording,
    class_name,
    clean,
    number,
    score_words,
    signed,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rakuten_bench.report.figure import Figure

_DPI = 144
_NAME = 28  # characters of a label
_NAMED = 6  # scenarios of the Pareto front that are labeled
_MOST = 50  # classes in one plot: more are illegible, and 1,000 would take 24 GB
_CENTERED: Any = {"ha": "center", "va": "center"}


def board_plots(board: Ranking, top: int = 5) -> Iterator[tuple[str, bytes]]:
    """Yield every plot of a board, and confusion and curves of its best scenarios.

    Parameters
    ----------
    board : Ranking
    top : int
        Number of scenarios with separate plots.

    Yields
    ------
    (str, bytes)
        Name and content of a file; a PNG and an SVG of each plot.
    """
    for name, figure in _board_figures(board, top):
        yield from _encode(figure, f"{board.name}-{name}")


def scenario_plots(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every plot of one scenario, by the folder of its record, as files."""
    for name, figure in scenario_figures(folder):
        yield from _encode(figure, f"{folder.name}-{name}")


def _board_figures(board: Ranking, top: int) -> Iterator[tuple[str, Figure]]:
    effects = lever_effects(board)
    if effects.effects:
        yield "effects", draw_effects(effects, board)
    if board.entries:
        yield "cost", draw_cost(board)
        yield "classes", draw_classes(board, top)
    for entry in board.entries[:top]:
        for name, figure in scenario_figures(entry.folder, board.subset):
            yield f"{entry.code}-{name}", figure


def scenario_figures(folder: Path, subset: str = "") -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of each plot of one scenario.

    Parameters
    ----------
    folder : Path
        Of its record.
    subset : str
        Language of the scored rows; "" for all.
    """
    record = records.read_record(folder)
    if record.scores is not None:
        counts = read_counts(folder, subset)
        rows = f", rows in '{subset}'" if subset else ""
        yield "confusion", draw_confusion(record, counts, rows)
    if learning_curves(record.details):
        yield "curves", draw_curves(record)


def _encode(figure: Figure, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield a figure as PNG and SVG, the same bytes each time; `name` has no suffix."""
    from matplotlib import rc_context

    for format_, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
        buffer = io.BytesIO()
        with warnings.catch_warnings(), rc_context({"svg.hashsalt": name}):
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            figure.savefig(buffer, format=format_, dpi=_DPI, metadata=metadata)
        yield f"{name}.{format_}", buffer.getvalue()


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure, in inches, without global state."""
    figure = _blank(width, height)
    return figure, figure.add_subplot()


def _blank(width: float, height: float) -> Figure:
    """Return a figure without axes, in inches.

    Raises
    ------
    MissingPackage
        If matplotlib is not installed.
    """
    require("a plot", PLOTS)
    from rakuten_bench.report.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _title(axes: Axes, text: str, more: str = "") -> None:
    """Write a title, and below it which part of the data is shown."""
    lines = [clean(text, 90), *([clean(more)] if more else [])]
    title = "\n".join(lines)
    axes.set_title(title, fontsize=10, loc="left", parse_math=False)


def _labels(axes: Axes, which: str, texts: Sequence[str], **style: Any) -> None:
    """Label the ticks 0, 1, 2, ... of an axis."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_ticks(
        range(len(texts)), [clean(text, _NAME) for text in texts], fontsize=7
    )
    for label in axis.get_ticklabels():
        label.set(parse_math=False, **style)


def draw_confusion(
    record: Record, confusion: NDArray[np.int64], rows: str = ""
) -> Figure:
    """Draw the confusion matrix, each row as shares of its true class in percent."""
    names = [class_name(label, record.label_names) for label in record.classes]
    f1 = score_words(float(metrics.f1_weighted(confusion)))
    confusion, names, shown = _most_confused(confusion, names)
    size = 3.6 + 0.28 * len(names)
    figure, axes = _figure(size + 0.6, size)
    shares = metrics.confusion.divide(confusion, confusion.sum(axis=1, keepdims=True))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.005:
            color = "white" if share > 0.5 else "black"
            text = f"{100 * share:.0f}"
            axes.text(column, row, text, color=color, fontsize=6, **_CENTERED)
    _labels(axes, "x", names, rotation=90)
    _labels(axes, "y", names)
    axes.set(xlabel="predicted (percent of the true class)", ylabel="true")
    _title(axes, f"{record.code} on {record.board}{rows}: weighted F1 {f1}", shown)
    return figure


def _most_confused(
    confusion: NDArray[np.int64], names: list[str]
) -> tuple[NDArray[np.int64], list[str], str]:
    """Return the part of a large matrix with the largest confusions, the rest summed.

    Returns
    -------
    confusion : int64 array of shape (n_shown, n_shown)
        The last row and column sum all other classes.
    names : list of str
    shown : str
        Which part is shown; "" for the whole matrix.
    """
    if len(names) <= _MOST:
        return confusion, names, ""
    chosen = _find_most_confused(confusion)
    place = np.full(len(names), len(chosen))
    place[chosen] = np.arange(len(chosen))
    n_shown = len(chosen) + 1
    cells = (place[:, None] * n_shown + place[None, :]).ravel()
    joined = np.bincount(cells, weights=confusion.ravel(), minlength=n_shown**2)
    part = joined.astype(np.int64).reshape(n_shown, n_shown)
    wrong = confusion.sum() - np.trace(confusion)
    within = part[:-1, :-1].sum() - np.trace(part[:-1, :-1])
    n_others = len(names) - len(chosen)
    shown = (
        f"The {len(chosen)} of {len(names):,} classes with the largest confusions; "
        f"{within:,} of {wrong:,} wrong rows are between these"
    )
    rest = number(n_others, "other class", "other classes")
    return part, [*(names[one] for one in chosen), rest], shown


def _find_most_confused(confusion: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return `_MOST` classes in their order: those of the largest confusions first.

    If fewer are confused, those with most rows are added.
    """
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    true, predicted = np.nonzero(wrong)
    order = np.argsort(-wrong[true, predicted], kind="stable")
    pairs = np.stack([true[order], predicted[order]], axis=1).ravel()
    by_rows = np.argsort(-confusion.sum(axis=1), kind="stable")
    chosen = dict.fromkeys([*pairs.tolist(), *by_rows.tolist()])
    return np.sort(np.array([*chosen][:_MOST], dtype=np.intp))


def draw_effects(effects: Effects, board: Ranking) -> Figure:
    """Draw the effect of each option with its interval, lever by lever."""
    rows = list(reversed(effects.effects))
    figure, axes = _figure(7.5, 1.2 + 0.24 * len(rows))
    levers = list(dict.fromkeys(effect.lever for effect in rows))
    low, high = inlier_range(
        [end for effect in rows for end in (effect.low, effect.high)]
    )
    reach = 1.1 * max(abs(low), abs(high), 1e-6)
    for place, effect in enumerate(rows):
        color = f"C{levers.index(effect.lever) % 10}"
        line = ([effect.low, effect.high], [place, place])
        axes.plot(*line, color=color, linewidth=2, alpha=0.6)
        axes.plot(effect.estimate, place, "o", color=color, markersize=5)
        if abs(effect.estimate) > reach:
            _far_off(axes, np.copysign(reach, effect.estimate), place, effect.estimate)
    axes.axvline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set_xlim(-reach, reach)
    _labels(axes, "y", [f"{effect.lever}: {effect.option}" for effect in rows])
    axes.set_xlabel(f"{board.metric} against the other options, everything else equal")
    _title(axes, f"Lever effects on {board.title}")
    return figure


def _far_off(axes: Axes, edge: float, place: int, value: float) -> None:
    """Label values outside of the plot at its edge."""
    side: Any = {"ha": "right" if edge > 0 else "left", "va": "center"}
    words = f" {signed(value)} →" if edge > 0 else f"← {signed(value)} "
    axes.text(edge, place, words, fontsize=7, color="0.3", **side)


def draw_cost(board: Ranking) -> Figure:
    """Draw score against seconds; a line connects the Pareto-optimal scenarios."""
    figure, axes = _figure(7.5, 5)
    costs = [max(entry.cost, 1e-3) for entry in board.entries]
    scores = [entry.scores[board.metric] for entry in board.entries]
    axes.scatter(costs, scores, s=14, color="C0", alpha=0.6)
    front = sorted((e for e in board.entries if e.pareto), key=lambda entry: entry.cost)
    places = [(max(e.cost, 1e-3), e.scores[board.metric]) for e in front]
    axes.plot(*zip(*places, strict=True), "o-", color="C3", drawstyle="steps-post")
    _name_front(figure, axes, board, list(zip(front, places, strict=True))[-_NAMED:])
    low, high = inlier_range(scores)
    room = 0.08 * (high - low) or 0.01
    axes.set_ylim(low - room, high + room)
    n_below = sum(score < low for score in scores)
    below = f" ({number(n_below, 'scenario')} far below)" if n_below else ""
    axes.set(xscale="log", xlabel="seconds, shared steps in full")
    axes.set_ylabel(f"{board.metric}{below}")
    _title(axes, board.title)
    return figure


def _name_front(
    figure: Figure,
    axes: Axes,
    board: Ranking,
    front: Sequence[tuple[Entry, tuple[float, float]]],
) -> None:
    """Write ranks beside the points of the Pareto front, and their scenarios below."""
    from matplotlib.lines import Line2D

    wording = Wording([entry.row for entry in board.everyone])
    for entry, place in front:
        offset: Any = {"xytext": (0, 6), "textcoords": "offset points", "ha": "center"}
        axes.annotate(f"#{entry.rank}", place, fontsize=7, **offset)
    told = [f"#{e.rank} {clean(called(e, wording), 100)}" for e, _ in reversed(front)]
    handles = [Line2D([], [], linestyle="") for _ in told]
    legend = figure.legend(
        handles, told, loc="outside lower left", fontsize=6.5, handlelength=0
    )
    legend.set_frame_on(False)
    for text in legend.get_texts():
        text.set_parse_math(False)


def draw_classes(board: Ranking, top: int) -> Figure:
    """Draw F1 of each class across the best scenarios, hard classes at the top."""
    shown = board.entries[:top]
    f1 = np.stack([read_f1(entry.folder, board.subset) for entry in shown], axis=1)
    best = records.read_record(shown[0].folder)
    names = [class_name(label, best.label_names) for label in best.classes]
    order = np.argsort(f1.mean(axis=1), kind="stable")
    of = ""
    if len(names) > _MOST:
        order, of = _find_hardest(f1, read_counts(shown[0].folder, board.subset))
    figure, axes = _figure(5 + 0.75 * len(shown), 3 + 0.24 * len(order))
    low = float(f1[order].min())
    axes.imshow(f1[order], cmap="cividis", vmin=low, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(f1[order]):
        color = "white" if value < (1 + low) / 2 else "black"
        text = f"{value:.2f}"
        axes.text(column, row, text, color=color, fontsize=7, **_CENTERED)
    _labels(axes, "y", [names[row] for row in order])
    _labels(
        axes,
        "x",
        [_short(entry) for entry in shown],
        rotation=45,
        ha="right",
    )
    _title(axes, f"F1 of each class: {board.title}", of)
    return figure


def _find_hardest(
    f1: NDArray[np.float64], confusion: NDArray[np.int64]
) -> tuple[NDArray[np.intp], str]:
    """Return the classes with the lowest F1 among those that have test rows.

    Ties are broken by the number of rows, largest first.

    Returns
    -------
    order : intp array
        Of at most `_MOST` classes, the hardest first.
    of : str
        Which classes are shown.
    """
    n_rows = confusion.sum(axis=1)
    order = np.lexsort((-n_rows, f1.mean(axis=1)))
    occurring = order[n_rows[order] > 0]
    hardest = occurring[:_MOST]
    of = f"The {len(hardest)} hardest of {len(occurring):,} classes with test rows"
    return hardest, of


def _short(entry: Entry) -> str:
    return f"#{entry.rank} {entry.code}"


def draw_curves(record: Record) -> Figure:
    """Draw the learning curves of a network or a search, one below the other."""
    curves = learning_curves(record.details)
    figure = _blank(7.5, 3 * len(curves))
    for place, curve in enumerate(curves, 1):
        axes = figure.add_subplot(len(curves), 1, place)
        for name, line in curve.lines.items():
            axes.plot(*zip(*line, strict=True), marker=".", label=name)
        if curve.points:
            axes.plot(
                *zip(*curve.points, strict=True), "o", alpha=0.5, label="candidate"
            )
        axes.set(xlabel=curve.x_label, ylabel=curve.y_label)
        axes.legend(fontsize=7)
        _title(axes, f"{record.code} on {record.board}. {curve.title}")
    return figure
