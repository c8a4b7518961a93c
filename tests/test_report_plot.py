"""Plots say what the records say, and survive any label."""

import itertools

import numpy as np
import pytest

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


def test_a_far_off_effect_is_told_at_the_edge_and_the_rest_fills_the_plot(shop):
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
