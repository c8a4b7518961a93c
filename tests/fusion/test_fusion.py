"""Members are aligned by row and class; weights are never fitted on test rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, log_loss

from rakuten_bench.errors import Notice, UserError
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
from rakuten_bench.pipeline.fitting import decide, probabilities
from rakuten_bench.pipeline.kind.fuse import fuse, join_members
from rakuten_bench.pipeline.slot import InnerFold, Slots
from rakuten_bench.types import Fold, Prediction, Target

N_CLASSES = 3


def speak(y: np.ndarray, skill: float, seed: int) -> np.ndarray:
    """Return probabilities of a given accuracy."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(y), N_CLASSES))
    logits[np.arange(len(y)), y] += skill
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.fixture
def members() -> tuple[np.ndarray, np.ndarray]:
    """A good member, a fair one with other errors, and an uninformative one."""
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


def test_the_mean_and_the_product_match_their_definitions():
    X = np.array([[[0.8, 0.2]], [[0.4, 0.6]]])

    assert Mean(2).predict_proba(X) == pytest.approx(np.array([[0.6, 0.4]]))
    expected = np.array([[0.32, 0.12]]) / 0.44
    assert Product(2).predict_proba(X) == pytest.approx(expected)


def test_a_product_of_many_small_numbers_does_not_vanish():
    X = np.full((200, 1, 50), 0.02)
    X[:, 0, 3] = 0.03

    assert Product(50).predict_proba(X)[0, 3] == pytest.approx(1)


def test_an_uninformative_member_gets_no_weight(members):
    X, y = members

    rule = Weighted(N_CLASSES).fit(X, y)

    assert rule.weights_.sum() == pytest.approx(1)
    assert rule.weights_[2] < 0.1
    assert rule.details_["weights"] == [round(w, 4) for w in rule.weights_]


def test_a_pool_has_the_weights_of_minimum_loss(members):
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


def test_a_temperature_calibrates_a_member(members):
    X, y = members
    too_sure = temper(X[:1], np.array([0.25]))[0]

    assert find_temperature(too_sure, y) == pytest.approx(
        4 * find_temperature(X[0], y), rel=0.02
    )


def test_a_row_of_zeros_becomes_uniform():
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


def as_slots(X: np.ndarray, y: np.ndarray) -> Slots:
    """Rows 0-199 are for training, in two inner folds, and 200-399 for testing."""
    train, test = np.arange(200), np.arange(200, 400)
    fold = Fold("0", train, test)
    classes = tuple(map(str, range(N_CLASSES)))
    inner = tuple(
        InnerFold(members=tuple(answer(rows, part[rows]) for part in X))
        for rows in (train[::2], train[1::2])
    )
    return Slots(
        target=Target(y, classes, fold, np.arange(len(y))),
        members=tuple(answer(test, part[test]) for part in X),
        inner=inner,
    )


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rows_are_aligned_by_number_not_by_position(members, rule):
    X, y = members
    slots = as_slots(X, y)
    expected = fuse(rule, slots)

    order = np.random.default_rng(0).permutation(200)
    first, second, *others = slots.members
    shuffled = answer(second.rows[order], second.probability[order])
    found = fuse(rule, replace(slots, members=(first, shuffled, *others)))

    assert np.array_equal(found.rows, np.arange(200, 400))
    assert np.array_equal(found.probability, expected.probability)


def test_the_order_of_a_members_classes_changes_nothing(members):
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
    """A classifier with fixed predictions."""

    def __init__(self, classes: np.ndarray, probability: np.ndarray) -> None:
        self.classes_ = classes
        self.probability = probability

    def predict_proba(self, X: None) -> np.ndarray:
        return self.probability


@pytest.mark.parametrize("rule", RULES[2:], ids=str)
def test_weights_never_see_test_rows(members, rule):
    X, y = members
    fuse(rule, as_slots(X, y))
    test = as_slots(X, y).target.fold.test
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
    leaking = InnerFold(members=slots.members)

    with pytest.raises(AssertionError, match="rows that it must not learn from"):
        fuse(Weighted(N_CLASSES), replace(slots, inner=(leaking, slots.inner[1])))


def test_a_member_without_probabilities_is_refused(members):
    X, y = members
    slots = as_slots(X, y)
    first, second, third = slots.members

    with pytest.raises(UserError, match="member 2 of 3 gives no probabilities"):
        join_members((first, answer(second.rows, None), third))


def test_members_with_other_rows_are_refused_with_the_counts(members):
    X, y = members
    slots = as_slots(X, y)
    first, second, _ = slots.members
    other = answer(np.arange(150, 300), X[2][150:300])

    message = "member 3 of 3 predicts 150 rows, member 1 200; 100 rows are in both"
    with pytest.raises(UserError, match=message):
        join_members((first, second, other))


@pytest.fixture
def frame() -> tuple[pd.DataFrame, np.ndarray]:
    labels = ["rouge", "bleu", "vert"] * 10
    ids = [f"r{number}" for number in range(30)]
    codes = np.array([{"bleu": 0, "rouge": 1, "vert": 2}[label] for label in labels])
    return pd.DataFrame({"id": ids}), codes


CLASSES = ("bleu", "rouge", "vert")


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
        ExternalPredictions(path, CLASSES).fit(X[:15], y[:15]).predict_proba(X[15:])
        for path in (one, two)
    ]

    assert np.allclose(found[0], speak(y, 2, 0)[15:])
    assert np.array_equal(*found)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_delimiters_and_decimal_commas_are_detected(frame, tmp_path, mark):
    X, y = frame
    path = write_csv(tmp_path / "a.csv", X, y, ["bleu", "rouge", "vert"])
    text = Path(path).read_text().replace(",", mark).replace(".", ",")
    Path(path).write_text(f"\ufeff{text}\n", encoding="utf-8")

    model = ExternalPredictions(path, CLASSES).fit(X, y)

    assert np.allclose(model.predict_proba(X), speak(y, 2, 0))


def test_ids_that_a_program_wrote_as_floats_are_whole_numbers(tmp_path):
    (tmp_path / "a.csv").write_text("id,a,b\n1.0,0.2,0.8\n2.0,0.7,0.3\n")
    X = pd.DataFrame({"id": ["1", "2"]})

    model = ExternalPredictions(str(tmp_path / "a.csv"), ("a", "b"))

    assert model.fit(X, np.array([0, 1])).predict(X).tolist() == [1, 0]


def test_our_own_predictions_file_is_read(frame, tmp_path):
    X, y = frame
    probability = speak(y, 2, 0)[::-1]
    ids = X["id"].to_numpy(dtype=str)[::-1]
    np.savez(
        tmp_path / "p.npz", id=ids, classes=np.array(CLASSES), probability=probability
    )

    model = ExternalPredictions(str(tmp_path / "p.npz"), CLASSES).fit(X[:15], y[:15])

    assert np.allclose(model.predict_proba(X), probability[::-1])
    assert np.array_equal(model.predict(X), probability[::-1].argmax(axis=1))


def test_rows_that_the_file_lacks_are_refused_with_the_count(frame, tmp_path):
    X, y = frame
    path = write_csv(tmp_path / "a.csv", X[:20], y[:20], ["bleu", "rouge", "vert"])
    model = ExternalPredictions(path, CLASSES).fit(X[:15], y[:15])

    message = (
        r"for 10 of 15 rows \('r20', 'r21', 'r22' and 7 more\); the ids in the file are"
    )
    with pytest.raises(UserError, match=message):
        model.predict_proba(X[15:])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("id,bleu,vert\nr0,.5,.5\n", "its 2 classes differ .* 3: missing 'rouge'"),
        (
            "id,bleu,Rouge,vert\nr0,.5,.5,0\n",
            "missing 'rouge'; unknown 'Rouge'. Name each column by its label",
        ),
        ("id,bleu,rouge,vert,max\nr0,.5,.5,0,.5\n", "4 classes .* unknown 'max'"),
    ],
)
def test_other_classes_are_refused_by_name(frame, tmp_path, rows, message):
    X, y = frame
    (tmp_path / "a.csv").write_text(rows)

    with pytest.raises(UserError, match=message):
        ExternalPredictions(str(tmp_path / "a.csv"), CLASSES).fit(X, y)


def test_a_class_that_the_training_rows_lack_keeps_its_probability(frame, tmp_path):
    X, y = frame
    path = write_csv(tmp_path / "a.csv", X, y, ["bleu", "rouge", "vert"])
    seen = y != 1

    model = ExternalPredictions(path, CLASSES).fit(X[seen], y[seen])

    assert model.classes_.tolist() == [0, 1, 2]
    assert np.allclose(model.predict_proba(X), speak(y, 2, 0))


def test_a_file_may_lack_a_class_that_no_training_row_has(frame, tmp_path):
    X, y = frame
    (tmp_path / "a.csv").write_text("id,bleu,vert\nr0,.25,.75\n")
    seen = y != 1

    model = ExternalPredictions(str(tmp_path / "a.csv"), CLASSES).fit(X[seen], y[seen])

    assert model.classes_.tolist() == [0, 2]
    assert model.predict_proba(X[:1]).tolist() == [[0.25, 0.75]]


@pytest.mark.parametrize(
    ("kind", "rows", "message"),
    [
        ("probabilities", "1,20,80\n2,30,70", "percentages: divide them by 100"),
        (
            "probabilities",
            "1,.2,.8\n2,.2,.9\n3,2,9",
            r"2 of 3 rows do not sum to 1, the first being row '2' with 1\.1",
        ),
        ("probabilities", "1,.2,.8\n2,0,0", "row '2' with 0"),
        (
            "probabilities",
            "1,.2,.8\n2,-.5,1.5",
            r"first being row '2', class 'a': -0\.5\. .* need 'kind: logits'",
        ),
        ("probabilities", "1,.2,.8\n2,nan,.5", "row '2', class 'a': nan"),
        ("probabilities", "1,.2,.8\n2,.5,inf", "row '2', class 'b': inf"),
        ("logits", "1,-2,8\n2,nan,.5", "row '2', class 'a': nan"),
        ("logits", "1,-2,8\n2,-inf,.5", "row '2', class 'a': -inf"),
        ("logits", "1,.2,.8\n2,.5,.5", "Remove 'kind: logits'"),
    ],
)
def test_rows_that_are_not_distributions_are_refused_with_the_first(
    tmp_path, kind, rows, message
):
    (tmp_path / "a.csv").write_text(f"id,a,b\n{rows}\n")
    X = pd.DataFrame({"id": ["1", "2"]})

    model = ExternalPredictions(str(tmp_path / "a.csv"), ("a", "b"), kind)

    with pytest.raises(UserError, match=rf"a\.csv: .*{message}"):
        model.fit(X, np.array([0, 1]))


def test_logits_become_probabilities_if_declared(tmp_path):
    (tmp_path / "a.csv").write_text("id,a,b\n1,0,1.0986\n2,900,-900\n")
    X = pd.DataFrame({"id": ["1", "2"]})

    model = ExternalPredictions(str(tmp_path / "a.csv"), ("a", "b"), "logits")
    found = model.fit(X, np.array([0, 1])).predict_proba(X)

    assert np.allclose(found, [[0.25, 0.75], [1, 0]], atol=1e-5)


def test_rounded_probabilities_are_accepted_unchanged(tmp_path):
    (tmp_path / "a.csv").write_text("id,a,b,c\n1,.333,.333,.333\n")
    X = pd.DataFrame({"id": ["1"]})

    model = ExternalPredictions(str(tmp_path / "a.csv"), ("a", "b", "c"))

    assert model.fit(X, np.array([0])).predict_proba(X).sum() == pytest.approx(0.999)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no column 'id'"),
        ("ID,a,b\n1,0.5,0.5\n", "no column 'id'; it has 'ID', 'a', 'b'"),
        ("id,id,b\n1,0.5,0.5\n", "2 columns 'id'"),
        ("id,a,b\n1,0.5\n", "line 2 has 2 fields, the header 3"),
        ("id,a,b\n\n1,.5,.5\n2,x,.5\n", "line 4, column 'a': 'x' is not a number"),
        ("id,a,b\n1,,0.5\n", "line 2, column 'a': the number is missing"),
        ("id,a,b\n1,.5,.5\n1,.5,.5\n", "more than one row has the id '1'"),
        ("id,a,a\n1,0.5,0.5\n", "more than one column has the name 'a'"),
        ("id,a\n1,1\n", "has 1 class; at least two are required"),
        ("id,a,b\n", "has no rows"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content, problem):
    (tmp_path / "a.csv").write_text(content)

    with pytest.raises(UserError, match=problem):
        read_predictions(str(tmp_path / "a.csv"))


def test_all_missing_arrays_of_a_file_are_reported_together(tmp_path):
    np.savez(tmp_path / "a.npz", id=np.array(["1"]), proba=np.eye(2))

    message = "missing arrays 'classes', 'probability'; it contains 'id', 'proba'"
    with pytest.raises(UserError, match=message):
        read_predictions(str(tmp_path / "a.npz"))


def test_an_array_of_another_shape_is_refused(tmp_path):
    ids, classes = np.array(["1", "2"]), np.array(["a", "b"])
    np.savez(tmp_path / "a.npz", id=ids, classes=classes, probability=np.eye(3))
    np.savez(tmp_path / "b.npz", id=[ids], classes=classes, probability=np.eye(2))

    with pytest.raises(UserError, match=r"shape \(3, 3\); 2 ids and 2 classes need"):
        read_predictions(str(tmp_path / "a.npz"))
    with pytest.raises(UserError, match="array 'id' has 2 dimensions instead of 1"):
        read_predictions(str(tmp_path / "b.npz"))


def test_files_of_other_kinds_and_a_missing_one_are_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK nonsense")
    (tmp_path / "b.csv").write_bytes(b"id,a\xff\xfe")

    for name in ("a.npz", "b.csv"):
        with pytest.raises(UserError, match=f"{name}: not a predictions file"):
            read_predictions(str(tmp_path / name))
    with pytest.raises(UserError, match=r"no file 'c\.csv'\. Give the path"):
        read_predictions("c.csv")


def test_a_member_that_repeats_another_causes_a_warning(members):
    X, y = members
    slots = as_slots(np.stack([X[0], X[1], X[0]]), y)

    with pytest.warns(Notice, match="members 1 and 3 give the same probabilities"):
        fuse(Mean(N_CLASSES), slots)


class Answering:
    """A model whose labels and probabilities differ."""

    classes_ = np.array([0, 1])

    def __init__(self, rows):
        self.rows = rows

    def predict(self, X):
        return np.ones(len(self.rows))

    def predict_proba(self, X):
        return np.array(self.rows)


def test_the_label_is_the_most_probable_class_the_first_in_a_tie():
    model = Answering([[0.6, 0.4], [0.5, 0.5], [0.1, 0.9]])

    predicted, probability = decide(model, None, 3)

    assert predicted.tolist() == [0, 0, 1]
    assert probability.shape == (3, 3)


@pytest.mark.parametrize(
    "row", [[60.0, 40.0], [np.nan, 0.5], [1.5, -0.5], [0.0, 0.0], [np.inf, 0.0]]
)
def test_invalid_probabilities_are_refused(row):
    with pytest.raises(UserError, match="are invalid for 1 of 2 rows: those of row 1"):
        decide(Answering([[0.6, 0.4], row]), None, 2)


SHOP = """
dataset: {table: {path: shop.csv, title: name, label: kind}}
scenarios:
  outside: {model: {external: {path: said/p.csv}}}
  text: {vectorizer: count, model: complement_nb}
  both: {fusion: {weighted: {cv: 2}}, members: [outside, text]}
"""


def make_shop(folder: Path) -> Path:
    """Write a table, predictions for its rows, and a scenario file that names both."""
    (folder / "said").mkdir(parents=True)
    kinds = [("pot", "hat")[row % 2] for row in range(40)]
    lines = [f"{kind} number {row},{kind}" for row, kind in enumerate(kinds)]
    (folder / "shop.csv").write_text("\n".join(["name,kind", *lines]))
    said = [
        f"{row},{(kind == 'hat') * 0.8 + 0.1:.1f}" for row, kind in enumerate(kinds)
    ]
    rows = [f"{line},{1 - float(line.partition(',')[2]):.1f}" for line in said]
    (folder / "said" / "p.csv").write_text("\n".join(["id,hat,pot", *rows]))
    (folder / "s.yaml").write_text(SHOP)
    return folder


def run_shop(call, folder: Path, results: str = "results") -> tuple[int, str, str]:
    return call(
        *("run", folder / "s.yaml", "--jobs", "1", "--results", results),
        *("--cache", "cache"),
    )


def test_a_path_is_relative_to_the_scenario_files_folder(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    make_shop(Path("deep") / "shop")

    code, _, err = run_shop(call, Path("deep") / "shop")

    assert code == 0, err


def test_a_study_in_another_folder_has_the_same_codes_and_keys(
    tmp_path, monkeypatch, call
):
    monkeypatch.chdir(tmp_path)
    found = []

    for name in ("one", "two"):
        folder = make_shop(Path(name))
        if name == "two":  # a whole path inside the folder is the same file
            whole = str((folder / "said" / "p.csv").resolve())
            (folder / "s.yaml").write_text(SHOP.replace("said/p.csv", whole))
        run_shop(call, folder, results=f"results_{name}")
        records = sorted(Path(f"results_{name}").glob("shop/*/record.json"))
        found.append(
            [(one.parent.name, json.loads(one.read_text())) for one in records]
        )

    one, two = found
    assert len(one) == 3
    assert [(code, record["key"]) for code, record in one] == [
        (code, record["key"]) for code, record in two
    ]
    assert [record["params"] for _, record in one] == [r["params"] for _, r in two]


def test_a_file_in_the_working_folder_only_is_refused_before_anything_runs(
    tmp_path, monkeypatch, call
):
    monkeypatch.chdir(tmp_path)
    folder = make_shop(Path("shop"))
    (folder / "said").rename("said")

    code, _, err = run_shop(call, folder)

    expected = f"model 'external': no file '{(folder / 'said' / 'p.csv').resolve()}'"
    assert code == 2
    assert expected in err
    assert not Path("results").exists()


def drop_rows(text: str) -> str:
    return "\n".join(text.splitlines()[:-10])


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (lambda text: "", ["p.csv: not a predictions file: no column 'id'"]),
        (lambda text: "\0" * 50, ["p.csv: not a predictions file"]),
        (lambda text: text.replace("0.1", "10"), ["40 of 40 rows do not sum to 1"]),
        (drop_rows, ["p.csv: no prediction for 10 of 40 rows"]),
        (
            lambda text: text.replace("hat", "cap"),
            ["missing 'hat'; unknown 'cap'"],
        ),
        (
            lambda text: drop_rows(text).replace("hat", "cap"),
            ["missing 'hat'; unknown 'cap'", "no prediction for 10 of 40 rows"],
        ),
    ],
)
def test_a_mismatched_file_is_refused_with_all_problems(
    tmp_path, monkeypatch, call, change, messages
):
    monkeypatch.chdir(tmp_path)
    folder = make_shop(Path("shop"))
    file = folder / "said" / "p.csv"
    file.write_text(change(file.read_text()))

    code, _, err = run_shop(call, folder)
    planned, _, _ = call("plan", folder / "s.yaml", "--cache", "cache")

    assert (code, planned) == (2, 2)
    assert all(message in err for message in messages), err
    assert not Path("results").exists()


@pytest.mark.parametrize("size", [10, 200, 400])
def test_a_damaged_archive_is_refused(tmp_path, size):
    path = tmp_path / "p.npz"
    np.savez_compressed(path, id=["a"], classes=["x", "y"], probability=[[0.5, 0.5]])
    data = bytearray(path.read_bytes())
    data[size : size + 20] = b"?" * 20
    path.write_bytes(data)

    with pytest.raises(UserError, match=r"p\.npz: (not a predictions file|array)"):
        read_predictions(str(path))


def test_an_exported_fusion_finds_its_file_from_any_working_folder(
    tmp_path, monkeypatch, call
):
    monkeypatch.chdir(tmp_path)
    run_shop(call, make_shop(Path("shop")))
    results = Path("results").resolve()
    monkeypatch.chdir("/")

    code, _, err = call(
        *("export", "both", "--results", results, "-o", tmp_path / "m.joblib")
    )

    assert code == 0, err


def test_probabilities_of_other_rows_than_the_ids_are_not_read(tmp_path):
    path = tmp_path / "other.npz"
    np.savez_compressed(
        path, id=["a", "b"], classes=["x", "y"], probability=np.zeros((10**6, 40))
    )

    with pytest.raises(UserError, match=r"shape \(1000000, 40\); 2 ids and 2 classes"):
        read_predictions(str(path))


def test_a_predictions_file_with_an_endless_line_is_refused(tmp_path):
    path = tmp_path / "endless.csv"
    with path.open("wb") as file:
        file.write(b"id,x,y\n")
        file.truncate(1 << 40)

    with pytest.raises(UserError, match=r"endless.csv: .* a line of more than"):
        read_predictions(str(path))
