"""Plots show the values of the records, and accept any label."""

import itertools

import numpy as np
import pytest

from conftest import Shop
from rakuten_bench import metrics, records, report
from rakuten_bench.report import plot
from rakuten_bench.report.curve import learning_curves

HOSTILE = {"10": "$x^{2$ <script>", "40": "مرحبا 👩‍🚀 \x1b[31m", "50": "日本" * 40}


@pytest.fixture
def board(shop):
    """Write a grid of six scenarios with hostile class names, the best with curves."""
    details = {
        "scoring": "f1_macro",
        "candidates": [{"score": 0.5}, {"score": None}, {"score": 0.7}, {"score": 0.6}],
    }
    grid = itertools.product(["off", "nltk"], ["nb", "svc", "knn"])
    for number, (stopwords, model) in enumerate(grid):
        shop.add(
            f"T{number}",
            right=0.9 if model == "svc" else 0.6,
            own=number,
            levers={"stopwords": stopwords, "model": model},
            label_names=HOSTILE,
            fit_time=float(number),
            details=details if number == 1 else {},
        )
    return report.load_board(shop.results, "shop")


def test_every_plot_is_drawn_as_png_and_svg(board):
    written = dict(report.board_plots(board, top=1))

    best = board.entries[0].code
    for plot_name in ("effects", "cost", "classes", f"{best}-confusion"):
        assert {f"shop-{plot_name}.png", f"shop-{plot_name}.svg"} <= written.keys()
    for name, content in written.items():
        assert content.startswith(b"\x89PNG" if name.endswith(".png") else b"<?xml")


def test_the_same_board_gives_the_same_files(board):
    first, again = (list(report.board_plots(board, top=1)) for _ in range(2))

    assert first == again


def test_a_heat_map_has_the_shares_of_the_true_class(board):
    entry = board.entries[0]
    record = records.read_record(entry.folder)
    confusion = records.read_confusion(entry.folder)

    (axes,) = plot.draw_confusion(record, confusion).axes

    drawn = axes.images[0].get_array()
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    share = round(100 * confusion[0, 0] / confusion[0].sum())
    assert str(share) in {text.get_text() for text in axes.texts}
    assert axes.get_yticklabels()[0].get_text().startswith("10 $x^{2$")


def test_effects_are_drawn_at_their_estimates(board):
    effects = report.lever_effects(board)

    (axes,) = plot.draw_effects(effects, board).axes

    points = {
        round(line.get_xdata()[0], 9) for line in axes.lines if line.get_marker() == "o"
    }
    assert {round(effect.estimate, 9) for effect in effects.effects} <= points


def test_the_front_is_drawn_through_the_pareto_scenarios(board):
    (axes,) = plot.draw_cost(board).axes

    front = sorted((e.cost, e.scores["f1_weighted"]) for e in board.entries if e.pareto)
    drawn = axes.lines[0].get_xydata()
    np.testing.assert_allclose(drawn[:, 1], [score for _, score in front])


def test_hard_classes_stand_at_the_top(board):
    (axes,) = plot.draw_classes(board, top=3).axes

    drawn = np.asarray(axes.images[0].get_array())
    assert (np.diff(drawn.mean(axis=1)) >= 0).all()
    assert drawn.shape == (4, 3)


def test_curves_of_a_search_keep_the_best_so_far():
    details = {
        "candidates": [{"score": 0.5}, {"score": None}, {"score": 0.7}, {"score": 0.6}]
    }

    (curve,) = learning_curves(details)

    assert curve.points == [(1, 0.5), (3, 0.7), (4, 0.6)]
    assert curve.lines == {"best so far": [(1, 0.5), (3, 0.7), (4, 0.7)]}


def test_curves_of_a_network_split_losses_and_scores_fold_by_fold():
    epochs = [
        {"loss": 2.0, "validation_loss": 2.2, "validation_accuracy": 0.4, "seconds": 1},
        {"loss": 1.0, "validation_loss": 1.3, "validation_accuracy": 0.6, "seconds": 1},
    ]

    curves = learning_curves({"folds": [{"epochs": epochs}, {"epochs": epochs}]})

    assert [curve.title for curve in curves] == [
        "Epochs: loss, fold 0",
        "Epochs: score, fold 0",
        "Epochs: loss, fold 1",
        "Epochs: score, fold 1",
    ]
    assert curves[0].lines["validation loss"] == [(1, 2.2), (2, 1.3)]


def test_a_record_without_details_has_no_curves():
    assert learning_curves({}) == []


def test_curves_are_drawn_one_below_the_other(board):
    folder = board.entries[0].folder.with_name("T1")

    names = [name for name, _ in report.scenario_figures(folder)]

    assert names == ["confusion", "curves"]
    figure = dict(report.scenario_figures(folder))["curves"]
    assert figure.axes[0].get_ylabel() == "f1_macro"


def test_plots_of_a_subset_are_about_its_rows_only(shop):
    shop.add("T1", right=0.7)
    board = report.load_board(shop.results, "shop", subset="en")
    base = shop.predictions(0.7)
    chosen = shop.language == "en"
    expected = metrics.confusion_matrix(base.true[chosen], base.predicted[chosen], 4)

    (axes,) = plot.draw_classes(board, top=1).axes
    figures = dict(report.scenario_figures(board.entries[0].folder, "en"))

    drawn = np.sort(np.asarray(axes.images[0].get_array())[:, 0])
    np.testing.assert_allclose(drawn, np.sort(metrics.class_table(expected).f1))
    shares = np.asarray(figures["confusion"].axes[0].images[0].get_array())
    np.testing.assert_allclose(shares, expected / expected.sum(axis=1, keepdims=True))
    assert "rows in 'en'" in figures["confusion"].axes[0].get_title(loc="left")


def test_a_far_off_effect_is_reported_at_the_edge_and_the_rest_fills_the_plot(shop):
    levers = {"vectorizer": "tfidf", "model": "nb"}
    for number, right in enumerate((0.8, 0.82, 0.84, 0.86)):
        shop.add(f"T{number}", right=right, levers={**levers, "model": f"m{number}"})
    shop.add("T9", right=0.05, levers={**levers, "vectorizer": "odd", "model": "m3"})
    board = report.load_board(shop.results, "shop")

    (effects,) = plot.draw_effects(report.lever_effects(board), board).axes
    (cost,) = plot.draw_cost(board).axes

    assert effects.get_xlim()[1] < 0.5
    assert any("←" in text.get_text() for text in effects.texts)
    assert cost.get_ylim()[0] > 0.5
    assert "1 scenario far below" in cost.get_ylabel()


def record_of(shop, n_classes, confused):
    """Return the record of a scenario with many classes and its matrix.

    Parameters
    ----------
    confused : dict of (true, predicted) to rows
    """
    classes = [f"c{number}" for number in range(n_classes)]
    counts = np.diag(np.full(n_classes, 10))
    for pair, n_rows in confused.items():
        counts[pair] = n_rows
    return shop.record("T1", classes=classes), counts


def test_many_classes_are_drawn_as_the_most_confused_ones_and_the_rest(shop):
    pairs = {(9 * number, 9 * number + 1): 5 for number in range(40)}
    record, counts = record_of(shop, 2000, {**pairs, (1900, 1999): 8})

    (axes,) = plot.draw_confusion(record, counts).axes

    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len(names) == 51
    assert {"c0", "c1", "c1900", "c1999"} <= set(names)
    assert names[-1] == "1,950 other classes"
    drawn = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    place = names.index("c1900"), names.index("c1999")
    assert drawn[place] == pytest.approx(8 / 18)
    assert len(axes.texts) <= 51**2
    first, second = axes.get_title(loc="left").split("\n")
    assert first.startswith("T1 on shop: weighted F1")
    assert second == (
        "The 50 of 2,000 classes with the largest confusions; "
        "128 of 208 wrong rows are between these"
    )


def test_many_classes_without_a_confusion_are_drawn_as_the_largest_ones(shop):
    record, counts = record_of(shop, 60, {(59, 59): 30})

    (axes,) = plot.draw_confusion(record, counts).axes

    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[-2:] == ["c59", "10 other classes"]
    assert "0 of 0 wrong rows" in axes.get_title(loc="left")


def test_as_many_classes_as_can_be_read_are_drawn_whole(shop):
    record, counts = record_of(shop, 50, {(0, 1): 3})

    (axes,) = plot.draw_confusion(record, counts).axes

    assert np.asarray(axes.images[0].get_array()).shape == (50, 50)
    assert "\n" not in axes.get_title(loc="left")


def test_of_many_classes_the_hardest_with_test_rows_are_compared(tmp_path):
    classes = tuple(f"c{number:03d}" for number in range(120))
    shop = Shop(tmp_path / "results", n_rows=600, classes=classes)
    shop.true[shop.true == 7] = 8
    shop.add("T1", right=0.7)
    board = report.load_board(shop.results, "shop")

    (axes,) = plot.draw_classes(board, top=1).axes

    drawn = np.asarray(axes.images[0].get_array())
    assert drawn.shape == (50, 1)
    every = np.sort(
        metrics.class_table(records.read_confusion(board.entries[0].folder)).f1
    )
    assert drawn.max() <= every[51]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert "c007" not in names
    n_occurring = len(np.unique(shop.true))
    of = f"The 50 hardest of {n_occurring} classes with test rows"
    assert of in axes.get_title(loc="left")


def test_every_plot_of_a_thousand_classes_stays_of_readable_size(tmp_path):
    classes = tuple(f"c{number}" for number in range(1000))
    shop = Shop(tmp_path / "results", n_rows=3000, classes=classes)
    for number, model in enumerate(("nb", "svc")):
        shop.add(f"T{number}", right=0.7, own=number, levers={"model": model})
    board = report.load_board(shop.results, "shop")

    for name, content in report.board_plots(board, top=1):
        assert len(content) < 3e6, name
