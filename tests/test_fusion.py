"""Members are joined by row and class; weights never see a test row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, log_loss

from rakuten_bench.errors import UserError
from rakuten_bench.fusion.external import ExternalPredictions, read_predictions
from rakuten_bench.fusion.rule import (
    Mean,
    Pooled,
    Product,
    Stacking,
    Weighted,
    find_temperature,
    normalize,
    score,
    temper,
)
from rakuten_bench.pipeline.fitting import probabilities
from rakuten_bench.pipeline.fusing import fuse, join_members
from rakuten_bench.types import Fold, Prediction, Target

N_CLASSES = 3


def speak(y: np.ndarray, skill: float, seed: int) -> np.ndarray:
    """Return probabilities that are right about so often."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(y), N_CLASSES))
    logits[np.arange(len(y)), y] += skill
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.fixture
def members() -> tuple[np.ndarray, np.ndarray]:
    """A good member, a fair one that errs elsewhere, and one that knows nothing."""
    y = np.random.default_rng(0).integers(0, N_CLASSES, 400)
    return np.stack([speak(y, 2, 1), speak(y, 1.5, 2), speak(y, 0, 3)]), y


def f1(probability: np.ndarray, y: np.ndarray) -> float:
    return f1_score(y, probability.argmax(axis=1), average="weighted")


RULES = [
    Mean(N_CLASSES),
    Product(N_CLASSES),
    Pooled(N_CLASSES),
    Weighted(N_CLASSES),
    Weighted(N_CLASSES, "log_loss", calibrate=True),
    Stacking(N_CLASSES),
    Stacking(N_CLASSES, "xgboost", n_estimators=10),
]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_rule_beats_its_best_member(members, rule):
    X, y = members
    learn, see = slice(0, 200), slice(200, 400)
    used = X[:2] if isinstance(rule, Mean | Product) else X

    if hasattr(rule, "fit"):
        rule.fit(used[:, learn], y[learn])
    probability = rule.predict_proba(used[:, see])

    assert f1(probability, y[see]) > max(f1(part[see], y[see]) for part in X)
    assert np.allclose(probability.sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(rule.predict(used[:, see]), probability.argmax(axis=1))


def test_the_mean_and_the_product_are_what_they_say():
    X = np.array([[[0.8, 0.2]], [[0.4, 0.6]]])

    assert Mean(2).predict_proba(X) == pytest.approx(np.array([[0.6, 0.4]]))
    expected = np.array([[0.32, 0.12]]) / 0.44
    assert Product(2).predict_proba(X) == pytest.approx(expected)


def test_a_product_of_many_small_numbers_does_not_vanish():
    X = np.full((200, 1, 50), 0.02)
    X[:, 0, 3] = 0.03

    assert Product(50).predict_proba(X)[0, 3] == pytest.approx(1)


def test_a_member_that_knows_nothing_gets_no_weight(members):
    X, y = members

    rule = Weighted(N_CLASSES).fit(X, y)

    assert rule.weights_.sum() == pytest.approx(1)
    assert rule.weights_[2] < 0.1
    assert rule.details_["weights"] == [round(w, 4) for w in rule.weights_]


def test_a_pool_has_the_weights_of_least_loss(members):
    X, y = members

    rule = Pooled(N_CLASSES).fit(X, y)

    def loss(weights: np.ndarray) -> float:
        rule.weights_ = weights
        return log_loss(y, rule.predict_proba(X))

    best = rule.weights_.copy()
    assert loss(best) == pytest.approx(rule.details_["log_loss"], abs=1e-5)
    for number in range(3):
        for step in (-0.1, 0.1):
            other = best.copy()
            other[number] += step
            assert other[number] < 0 or loss(other) > loss(best)


def test_a_pool_counts_a_member_that_only_repeats_another_once(members):
    X, y = members

    once = Pooled(N_CLASSES).fit(X[:1], y)
    twice = Pooled(N_CLASSES).fit(X[[0, 0]], y)

    assert twice.weights_.sum() == pytest.approx(once.weights_[0], rel=1e-3)


@pytest.mark.parametrize("scoring", ["f1_weighted", "log_loss"])
def test_tuned_weights_score_at_least_as_the_best_member(members, scoring):
    X, y = members

    rule = Weighted(N_CLASSES, scoring).fit(X, y)

    best = max(score(part, y, scoring) for part in X)
    assert score(rule.predict_proba(X), y, scoring) >= best


def test_scores_are_scikit_learns(members):
    X, y = members

    assert score(X[0], y, "f1_weighted") == pytest.approx(f1(X[0], y))
    assert score(3 * X[0], y, "log_loss") == pytest.approx(-log_loss(y, X[0]))


def test_a_temperature_makes_a_member_as_sure_as_it_is_right(members):
    X, y = members
    too_sure = temper(X[:1], np.array([0.25]))[0]

    assert find_temperature(too_sure, y) == pytest.approx(
        4 * find_temperature(X[0], y), rel=0.02
    )


def test_a_row_that_no_member_knows_is_even():
    assert normalize(np.zeros((1, 4))).tolist() == [[0.25] * 4]


def test_stacking_gives_a_class_it_never_saw_no_probability(members):
    X, y = members
    seen = y != 1

    for model in ("logreg", "xgboost"):
        rule = Stacking(N_CLASSES, model, n_estimators=3).fit(X[:, seen], y[seen])
        probability = rule.predict_proba(X)
        assert (probability[:, 1] == 0).all()
        assert np.allclose(probability.sum(axis=1), 1, atol=1e-5)


def answer(rows: np.ndarray, probability: np.ndarray | None) -> Prediction:
    predicted = np.zeros(len(rows), dtype=np.int32)
    if probability is not None:
        probability = probability.astype(np.float32)
    return Prediction(rows, predicted, probability, 0.0, 0.0)


def as_slots(X: np.ndarray, y: np.ndarray) -> dict:
    """Rows 0-199 are for training, in two inner folds, and 200-399 for testing."""
    train, test = np.arange(200), np.arange(200, 400)
    fold = Fold("0", train, test)
    slots = {"target": Target(y, N_CLASSES, fold, np.arange(len(y)))}
    for number, part in enumerate(X):
        slots[f"member{number}"] = answer(test, part[test])
        for place, rows in enumerate((train[::2], train[1::2])):
            slots[f"inner{place}.member{number}"] = answer(rows, part[rows])
    return slots


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rows_are_joined_by_number_not_by_place(members, rule):
    X, y = members
    slots = as_slots(X, y)
    expected = fuse(rule, slots)

    order = np.random.default_rng(0).permutation(200)
    shuffled = slots["member1"]
    slots["member1"] = answer(shuffled.rows[order], shuffled.probability[order])
    found = fuse(rule, slots)

    assert np.array_equal(found.rows, np.arange(200, 400))
    assert np.array_equal(found.probability, expected.probability)


def test_a_member_that_knows_the_classes_in_another_order_says_the_same(members):
    X, y = members
    order = [2, 0, 1]
    plain, turned = (
        Stub(np.arange(N_CLASSES), X[0]),
        Stub(np.array(order), X[0][:, order]),
    )

    found = [probabilities(member, None, N_CLASSES) for member in (plain, turned)]

    assert np.array_equal(*found)
    fused = [
        fuse(Pooled(N_CLASSES), as_slots(np.stack([one, X[1]]), y)) for one in found
    ]
    assert np.array_equal(fused[0].probability, fused[1].probability)


class Stub:
    """A classifier that has made up its mind."""

    def __init__(self, classes: np.ndarray, probability: np.ndarray) -> None:
        self.classes_ = classes
        self.probability = probability

    def predict_proba(self, X: None) -> np.ndarray:
        return self.probability


@pytest.mark.parametrize("rule", RULES[2:], ids=str)
def test_weights_never_see_test_rows(members, rule):
    X, y = members
    fuse(rule, as_slots(X, y))
    test = as_slots(X, y)["target"].fold.test
    before = rule.predict_proba(X)

    changed = y.copy()
    changed[test] = (changed[test] + 1) % N_CLASSES
    other = X.copy()
    other[:, test] = other[:, test][:, :, ::-1]
    fuse(rule, as_slots(other, changed))

    assert np.array_equal(rule.predict_proba(X), before)


def test_predictions_for_rows_outside_the_training_rows_are_a_bug(members):
    X, y = members
    slots = as_slots(X, y)
    for number in range(len(X)):
        slots[f"inner0.member{number}"] = slots[f"member{number}"]

    with pytest.raises(AssertionError, match="outside its training rows"):
        fuse(Weighted(N_CLASSES), slots)


def test_a_member_without_probabilities_is_refused(members):
    X, y = members
    slots = as_slots(X, y)
    slots["member1"] = answer(slots["member1"].rows, None)

    with pytest.raises(UserError, match="member 2 of 3 gives no probabilities"):
        join_members(slots)


def test_members_with_other_rows_are_refused_with_the_counts(members):
    X, y = members
    slots = as_slots(X, y)
    slots["member2"] = answer(np.arange(150, 300), X[2][150:300])

    message = "member 3 of 3 predicts 150 rows, member 1 200, 100 of them the same"
    with pytest.raises(UserError, match=message):
        join_members(slots)


@pytest.fixture
def frame() -> tuple[pd.DataFrame, np.ndarray]:
    labels = ["rouge", "bleu", "vert"] * 10
    ids = [f"r{number}" for number in range(30)]
    codes = np.array([{"bleu": 0, "rouge": 1, "vert": 2}[label] for label in labels])
    return pd.DataFrame({"id": ids, "label": labels}), codes


def write_csv(path, frame: pd.DataFrame, y: np.ndarray, order: list[str]) -> str:
    table = pd.DataFrame(speak(y, 2, 0), columns=["bleu", "rouge", "vert"])[order]
    table["id"] = frame["id"].to_numpy()
    table.sample(frac=1, random_state=0).to_csv(path, index=False)
    return str(path)


def test_a_file_is_matched_by_row_id_and_class_name(frame, tmp_path):
    X, y = frame
    one = write_csv(tmp_path / "a.csv", X, y, ["bleu", "rouge", "vert"])
    two = write_csv(tmp_path / "b.csv", X, y, ["vert", "bleu", "rouge"])

    found = [
        ExternalPredictions(path, 3).fit(X[:15], y[:15]).predict_proba(X[15:])
        for path in (one, two)
    ]

    assert np.allclose(found[0], speak(y, 2, 0)[15:])
    assert np.array_equal(*found)


def test_our_own_predictions_file_is_read(frame, tmp_path):
    X, y = frame
    probability = speak(y, 2, 0)[::-1]
    classes = np.array(["bleu", "rouge", "vert"])
    ids = X["id"].to_numpy(dtype=str)[::-1]
    np.savez(tmp_path / "p.npz", id=ids, classes=classes, probability=probability)

    model = ExternalPredictions(str(tmp_path / "p.npz"), 3).fit(X[:15], y[:15])

    assert np.allclose(model.predict_proba(X), probability[::-1])
    assert np.array_equal(model.predict(X), probability[::-1].argmax(axis=1))


def test_rows_that_the_file_lacks_are_refused_with_the_count(frame, tmp_path):
    X, y = frame
    path = write_csv(tmp_path / "a.csv", X[:20], y[:20], ["bleu", "rouge", "vert"])
    model = ExternalPredictions(path, 3).fit(X[:15], y[:15])

    message = r"a\.csv: no prediction for 10 of 15 rows \('r20', 'r21', 'r22', \.\.\.\)"
    with pytest.raises(UserError, match=message):
        model.predict_proba(X[15:])


def test_other_classes_are_refused_with_the_count(frame, tmp_path):
    X, y = frame
    path = write_csv(tmp_path / "a.csv", X, y, ["bleu", "vert"])

    message = r"its 2 classes are not the data set's 3: 1 are missing \('rouge'\)"
    with pytest.raises(UserError, match=message):
        ExternalPredictions(path, 3).fit(X, y)


def test_a_fold_that_lacks_a_class_still_reads_the_file(frame, tmp_path):
    X, y = frame
    path = write_csv(tmp_path / "a.csv", X, y, ["bleu", "rouge", "vert"])
    seen = y != 1

    model = ExternalPredictions(path, 3).fit(X[seen], y[seen])

    assert model.classes_.tolist() == [0, 2]
    assert np.allclose(model.predict_proba(X), speak(y, 2, 0)[:, [0, 2]])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no column 'id'"),
        ("id,a,b\n1,0.5\n", r"\(1, 1\) numbers for 1 rows and 2 classes"),
        ("id,a\n1,x\n", "is no file of predictions"),
        ("id,a\n1,0.5\n1,0.5\n", "1 rows have the id of another"),
        ("id,a,a\n1,0.5,0.5\n", "a class has two columns"),
        ("id,a\n1,-0.5\n", "a probability is negative or no number"),
        ("id,a\n1,nan\n", "a probability is negative or no number"),
        ("id,a\n", r"\(0,\) numbers for 0 rows"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content, problem):
    (tmp_path / "a.csv").write_text(content)

    with pytest.raises(UserError, match=problem):
        read_predictions(str(tmp_path / "a.csv"))


def test_a_damaged_npz_and_a_missing_file_are_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK nonsense")
    np.savez(tmp_path / "b.npz", id=np.array(["1"]))

    for name in ("a.npz", "b.npz"):
        with pytest.raises(UserError, match="is no file of predictions"):
            read_predictions(str(tmp_path / name))
    with pytest.raises(UserError, match=r"no file 'c\.csv'\. Give its path"):
        read_predictions("c.csv")
