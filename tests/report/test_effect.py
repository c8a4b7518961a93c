"""Lever effects on simulated matrices whose effects are known."""

import itertools

import numpy as np
import pytest

from rakuten_bench import report
from rakuten_bench.report.effect import estimate_effects

PLANTED = {
    "stopwords": {"off": 0.0, "nltk": 0.002},
    "vectorizer": {"count": 0.0, "tfidf": 0.03, "tfidf_char": 0.02},
    "model": {"nb": 0.0, "svc": 0.05, "logreg": 0.04},
}
BONUS = 0.03  # svc on tfidf brings more than the two alone


def simulate(seed, noise=0.004):
    """Return every combination with a score of planted effects and noise."""
    rng = np.random.default_rng(seed)
    words = [
        dict(zip(PLANTED, options, strict=True))
        for options in itertools.product(*PLANTED.values())
    ]
    scores = [
        0.7
        + sum(PLANTED[lever][option] for lever, option in one.items())
        + BONUS * (one["vectorizer"] == "tfidf" and one["model"] == "svc")
        + rng.normal(0, noise)
        for one in words
    ]
    return words, np.array(scores)


def expected_effect(lever, option):
    """Return the mean difference from the other options, the bonus spread evenly."""
    bonus = {"tfidf": BONUS / 3, "svc": BONUS / 3}
    values = {o: v + bonus.get(o, 0.0) for o, v in PLANTED[lever].items()}
    others = [value for other, value in values.items() if other != option]
    return values[option] - np.mean(others)


def test_planted_effects_lie_within_their_intervals_as_often_as_said():
    held = []

    for seed in range(60):
        for effect in estimate_effects(*simulate(seed)).effects:
            expected = expected_effect(effect.lever, effect.option)
            held.append(effect.low <= expected <= effect.high)

    assert np.mean(held) >= 0.93


def test_effects_are_recovered_and_the_widest_lever_comes_first():
    found = estimate_effects(*simulate(0)).effects

    assert [effect.lever for effect in found[:3]] == ["model"] * 3
    assert found[0].option == "svc"
    for effect in found:
        expected = expected_effect(effect.lever, effect.option)
        assert effect.estimate == pytest.approx(expected, abs=0.006)


def test_pairs_and_wins_are_counted():
    found = {effect.option: effect for effect in estimate_effects(*simulate(0)).effects}

    assert found["nltk"].n_pairs == 9
    assert found["svc"].n_pairs == 12
    assert found["svc"].wins == 1.0
    assert found["nb"].wins == 0.0


def test_what_another_option_would_cost_the_best_scenario():
    found = {effect.option: effect for effect in estimate_effects(*simulate(0)).effects}

    assert found["svc"].in_best == found["tfidf"].in_best == 0.0
    assert found["count"].in_best == pytest.approx(-0.03 - BONUS, abs=0.015)


def test_a_planted_interaction_is_the_strongest_one_found():
    (strongest, *_) = estimate_effects(*simulate(0)).interactions

    assert {strongest.first[0], strongest.second[0]} == {"vectorizer", "model"}
    options = {*strongest.first[1:], *strongest.second[1:]}
    assert {"tfidf", "svc"} < options
    assert abs(strongest.estimate) == pytest.approx(BONUS, abs=0.02)
    assert strongest.low * strongest.high > 0


def test_without_an_interaction_few_are_reported():
    words, scores = simulate(0)
    flat = scores - BONUS * np.array(
        [one["vectorizer"] == "tfidf" and one["model"] == "svc" for one in words]
    )

    found = estimate_effects(words, flat).interactions

    assert len(found) <= 2


def test_scenarios_that_differ_in_two_levers_are_not_compared():
    words = [{"model": "nb", "stopwords": "off"}, {"model": "svc", "stopwords": "nltk"}]

    assert estimate_effects(words, np.array([0.7, 0.8])).effects == ()


def test_noise_of_the_test_rows_widens_the_interval():
    words = [{"model": "nb"}, {"model": "svc"}]
    scores = np.array([0.7, 0.8])
    draws = np.random.default_rng(0).normal(scores[:, None], 0.02, (2, 400))

    (without, _) = estimate_effects(words, scores).effects
    (with_rows, _) = estimate_effects(words, scores, draws).effects

    assert without.low == without.high
    error = 0.02 * np.sqrt(2)
    assert with_rows.high - with_rows.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_effects_of_a_board_come_from_its_predictions(shop):
    for number, (stopwords, model) in enumerate(
        itertools.product(["off", "nltk"], ["nb", "svc"])
    ):
        right = 0.9 if model == "svc" else 0.6
        levers = {"stopwords": stopwords, "model": model}
        shop.add(f"T{number}", right=right, own=number, levers=levers)

    found = report.lever_effects(report.load_board(shop.results, "shop")).effects

    best = found[0]
    assert (best.lever, best.option, best.n_pairs) == ("model", "svc", 2)
    assert 0 < best.low < best.estimate < best.high
    (off,) = (effect for effect in found if effect.option == "off")
    assert off.low < 0 < off.high


def test_an_option_that_ran_once_does_not_drag_the_others_along():
    words, scores = simulate(0)
    floor = [*words, {**words[0], "model": "dummy"}]

    usual = {e.option: e for e in estimate_effects(words, scores).effects}
    found = {
        e.option: e for e in estimate_effects(floor, np.append(scores, 0.1)).effects
    }

    for option in ("nb", "svc", "logreg"):
        assert found[option].estimate == usual[option].estimate
        assert found[option].low == usual[option].low
    dummy = found["dummy"]
    mean = np.mean([scores[row] for row in range(3)])
    assert dummy.estimate == pytest.approx(0.1 - mean)
    assert dummy.n_pairs == 3
    assert dummy.low < dummy.estimate - 0.005


def test_planted_effects_are_recovered_where_combinations_are_missing():
    held = []

    for seed in range(60):
        words, scores = simulate(seed)
        kept = np.random.default_rng(seed).random(len(words)) < 0.8
        some = [one for one, keep in zip(words, kept, strict=True) if keep]
        for effect in estimate_effects(some, scores[kept]).effects:
            if effect.lever == "stopwords":
                expected = expected_effect("stopwords", effect.option)
                held.append(effect.low <= expected <= effect.high)

    assert np.mean(held) >= 0.9


def test_the_best_option_given_the_rest_is_reported_where_the_winner_stands_alone():
    words, scores = simulate(0)
    alone = [*words, {"fusion": "mean"}]

    found = {
        e.option: e for e in estimate_effects(alone, np.append(scores, 0.99)).effects
    }

    assert found["svc"].in_best == 0.0
    assert found["nb"].in_best < -0.05
