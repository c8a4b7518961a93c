"""Intervals and paired tests, compared with naive versions and known true values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from rakuten_bench import metrics
from rakuten_bench.metrics import paired


def make_answers(n_rows=400, n_classes=5, n_scenarios=3, right=0.8, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, n_classes, n_rows)
    guesses = rng.integers(0, n_classes, (n_scenarios, n_rows))
    hit = rng.random((n_scenarios, n_rows)) < right
    return y_true, np.where(hit, y_true, guesses)


def resample_matrix(confusion, metric, n_draws=1000, random_state=0):
    """Return the scores of rows that have this confusion matrix, drawn many times."""
    cells = np.indices(confusion.shape).reshape(2, -1)
    y_true, predicted = np.repeat(cells, confusion.ravel(), axis=1)
    draws = metrics.resample_rows(
        y_true, predicted[None], len(confusion), [metric], n_draws, random_state
    )
    return draws[metric][0]


def worsen(y_true, predicted, n_rows):
    """Change some correct predictions to wrong ones."""
    worse = predicted.copy()
    right = np.flatnonzero(predicted == y_true)[:n_rows]
    worse[right] = (y_true[right] + 1) % (y_true.max() + 1)
    return worse


def test_resampled_scores_equal_those_of_the_drawn_rows():
    y_true, predicted = make_answers(n_rows=50)

    draws = metrics.resample_rows(y_true, predicted, 5, ["f1_weighted", "f1_macro"], 4)

    order = np.argsort(y_true, kind="stable")
    rng = np.random.default_rng(0)
    for draw in range(4):
        rows = order[rng.integers(0, 50, 50, dtype=np.int32)]
        for scenario, answers in enumerate(predicted):
            for average in ("weighted", "macro"):
                expected = f1_score(y_true[rows], answers[rows], average=average)
                found = draws[f"f1_{average}"][scenario, draw]
                assert found == pytest.approx(expected, abs=1e-6)


def test_drawing_rows_and_drawing_cells_give_the_same_distribution():
    y_true, predicted = make_answers(n_rows=300, n_scenarios=1)
    confusion = metrics.confusion_matrix(y_true, predicted[0], 5)

    rows = metrics.resample_rows(y_true, predicted, 5, ["f1_macro"], 20_000)
    shares = confusion.ravel() / confusion.sum()
    cells = np.random.default_rng(0).multinomial(300, shares, 20_000)
    expected = metrics.score(cells.reshape(-1, 5, 5), "f1_macro")

    points = [0.025, 0.25, 0.5, 0.75, 0.975]
    np.testing.assert_allclose(
        np.quantile(rows["f1_macro"], points), np.quantile(expected, points), atol=0.002
    )


def test_draws_do_not_depend_on_the_chunk_size(monkeypatch):
    y_true, predicted = make_answers()
    whole = metrics.resample_rows(y_true, predicted, 5, ["accuracy"], 50)

    # private constants, since only millions of rows need several portions
    monkeypatch.setattr("rakuten_bench.metrics.resample._WEIGHTS", 3000)
    monkeypatch.setattr("rakuten_bench.metrics.resample._BLOCK", 2)
    parts = metrics.resample_rows(y_true, predicted, 5, ["accuracy"], 50)

    np.testing.assert_array_equal(whole["accuracy"], parts["accuracy"])


def test_an_interval_has_its_nominal_coverage():
    rng = np.random.default_rng(0)
    joint = np.full((4, 4), 0.02) + np.diag([0.3, 0.2, 0.15, 0.03])
    joint /= joint.sum()
    truth = metrics.score(joint, "f1_macro")
    held = 0

    for board in range(200):
        confusion = rng.multinomial(150, joint.ravel()).reshape(4, 4)
        draws = resample_matrix(confusion, "f1_macro", 400, random_state=board)
        low, high = metrics.interval(draws, metrics.score(confusion, "f1_macro"))
        held += low <= truth <= high

    assert 0.91 <= held / 200 <= 0.985


def test_a_perfect_score_has_an_interval_of_one_point():
    draws = resample_matrix(np.diag([50, 50]), "f1_macro")

    assert metrics.interval(draws, 1.0) == (1.0, 1.0)


@given(st.integers(0, 40), st.integers(0, 40))
def test_p_values_are_near_those_of_the_exact_test(only_a, only_b):
    n = 400
    y_true = np.zeros(n, dtype=int)
    a, b = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    b[:only_a] = 1
    a[only_a : only_a + only_b] = 1

    exact = metrics.mcnemar(y_true, a, b)[2]

    discordant = only_a + only_b
    error = np.sqrt(discordant - (only_a - only_b) ** 2 / n) / n
    ours = paired.p_values(
        np.array((only_b - only_a) / n), np.array(error), np.array(discordant)
    )
    assert ours == pytest.approx(exact, abs=0.06)
    if exact > 0.1:
        assert ours > 0.05


def test_one_row_in_400_is_not_a_significant_difference():
    y_true, (a, *_) = make_answers(n_rows=400)

    found = metrics.paired_difference(y_true, a, worsen(y_true, a, 1), 5, "f1_weighted")

    assert found.estimate < 0
    assert found.p_value > 0.3


def test_a_far_worse_model_differs_significantly():
    y_true, (a, *_) = make_answers(n_rows=400)

    found = metrics.paired_difference(
        y_true, a, worsen(y_true, a, 60), 5, "f1_weighted"
    )

    assert found.high < -0.08
    assert found.p_value < 1e-6


def test_equal_predictions_do_not_differ():
    y_true, (a, *_) = make_answers()

    found = metrics.paired_difference(y_true, a, a, 5, "f1_macro")

    assert found == metrics.Difference(0.0, 0.0, 0.0, 1.0)


def test_mcnemar_counts_the_rows_that_one_alone_gets_right():
    y_true = np.zeros(10, dtype=int)
    a, b = np.zeros(10, dtype=int), np.zeros(10, dtype=int)
    a[:1] = 1
    b[1:9] = 1

    assert metrics.mcnemar(y_true, a, b) == (8, 1, pytest.approx(20 / 512))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_never_below_the_p_value_and_keeps_the_order(p):
    p = np.array(p)

    adjusted = metrics.holm(p)

    assert (adjusted >= p).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    assert (metrics.holm(p, len(p) + 5) >= adjusted).all()


def test_equal_scenarios_share_a_group_and_a_worse_one_does_not():
    y_true, (a, b, _) = make_answers(n_rows=2000)
    predicted = np.stack([a, b, worsen(y_true, a, 300), a])

    standing = metrics.rank(y_true, predicted, 5, ["f1_weighted"])

    order = [0, 3, 1, 2]
    different = standing.p_values[np.ix_(order, order)] < metrics.ALPHA
    assert metrics.rank_groups(different) == [1, 1, 1, 2]
    for low, high in standing.intervals["f1_weighted"]:
        assert 0 < low < high < 1


def test_false_positives_are_rare_among_equal_scenarios():
    claims = 0

    for seed in range(60):
        y_true, predicted = make_answers(300, n_scenarios=6, seed=seed)
        standing = metrics.rank(y_true, predicted, 5, ["f1_macro"])
        claims += bool((standing.p_values < metrics.ALPHA).any())

    assert claims <= 7  # 3 are to be expected; 8 or more in one of 70 such tests


def test_a_larger_family_makes_tests_more_conservative():
    y_true, predicted = make_answers(n_scenarios=2)
    predicted[1] = worsen(y_true, predicted[0], 8)

    alone = metrics.rank(y_true, predicted, 5, ["accuracy"])
    among_many = metrics.rank(y_true, predicted, 5, ["accuracy"], n_family=100)

    assert alone.p_values[0, 1] < 0.05 < among_many.p_values[0, 1]


def test_a_tie_in_cost_keeps_only_the_better_one_on_the_front():
    assert metrics.pareto_front([0.7, 0.8, 0.8], [1.0, 1.0, 2.0]) == [
        False,
        True,
        False,
    ]
