"""Labels passed to `fit` are predicted in the same dtype, or refused."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score

from rakuten_bench import build
from rakuten_bench.errors import UserError
from rakuten_bench.pipeline.label import read_labels

SVM, BAYES = "T0010-0120-0000", "T0010-0140-0000"
WORDS = ("shoe", "pot", "hat")


@pytest.fixture(scope="module")
def frame():
    titles = [f"{WORDS[row % 3]} {WORDS[row % 3]} number{row % 5}" for row in range(30)]
    return pd.DataFrame({"title": titles})


def labelled(*values):
    """Return three labels, ten times each."""
    return [values[row % len(values)] for row in range(30)]


@pytest.mark.parametrize(
    "labels",
    [
        pd.Series(labelled(7, -2, 30), dtype="int16"),
        pd.Series(labelled(7, 2, 30), dtype="Int64"),
        pd.Series(labelled(1.0, 2.0, 3.0)),
        pd.Series(labelled("shoe", "pot", "hat")),
        pd.Series(labelled("shoe", "pot", "hat"), dtype="string"),
        pd.Series(labelled("shoe", "pot", "hat"), dtype="category"),
        pd.Series(labelled(3, 1, 2), dtype="category"),
        pd.Series(labelled(3, 1, 2), dtype=object),
        np.array(labelled(True, False, False)),
        pd.Series(labelled(True, False, False), dtype="boolean"),
        pd.DataFrame({"kind": labelled(3, 1, 2)}),
        np.array(labelled(3, 1, 2)).reshape(-1, 1),
        labelled("100", "20", "3"),
    ],
    ids=str,
)
def test_labels_keep_their_dtype_and_their_order(frame, labels):
    given = np.asarray(labels).ravel()

    model = build(SVM).fit(frame, labels)

    expected = np.unique(pd.Series(given).infer_objects())
    assert model.classes_.tolist() == expected.tolist()
    predicted = model.predict(frame)
    assert predicted.tolist() == given.tolist()
    assert predicted.dtype.kind == np.asarray(expected).dtype.kind or all(
        isinstance(value, str) for value in predicted
    )
    assert model.score(frame, given.tolist()) == 1.0


@pytest.mark.parametrize("scoring", ["accuracy", "f1_macro", "balanced_accuracy"])
@pytest.mark.parametrize("labels", [labelled(4, 5, 6), labelled("10", "9", "100")])
def test_scorers_of_scikit_learn_see_the_labels(frame, labels, scoring):
    scores = cross_val_score(build(SVM), frame, labels, cv=3, scoring=scoring)

    assert scores.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("values", [("10", "9", "100"), (10, 9, 100)])
def test_probabilities_are_in_the_order_that_scorers_expect(frame, values):
    labels = labelled(*values)

    found = cross_val_predict(build(BAYES), frame, labels, cv=3, method="predict_proba")

    assert log_loss(labels, found) < 0.5
    assert roc_auc_score(labels, found, multi_class="ovr") == 1.0
    scores = cross_val_score(build(BAYES), frame, labels, cv=3, scoring="neg_log_loss")
    assert (scores > -0.5).all()


@pytest.mark.parametrize("values", [("10", "9"), (False, True), ("shoe", "pot")])
def test_scores_of_two_classes_speak_for_the_second(values):
    frame = pd.DataFrame({"title": ["red shoe", "blue pot"] * 10})
    labels = list(values) * 10

    model = build(SVM).fit(frame, labels)

    scores = model.decision_function(frame)
    assert scores.shape == (20,)
    assert ((scores > 0) == (np.array(labels) == model.classes_[1])).all()
    auc = cross_val_score(
        build(SVM), frame, np.array(labels) == values[0], cv=2, scoring="roc_auc"
    )
    assert auc.tolist() == [1.0, 1.0]


def test_a_grid_search_over_seeds_has_scores(frame):
    search = GridSearchCV(build(SVM), {"random_state": np.arange(2)}, cv=3)

    search.fit(frame, labelled(1, 2, 3))

    assert search.best_score_ == 1.0


@pytest.mark.parametrize("ensemble", [True, False])
@pytest.mark.parametrize("code", [SVM, BAYES])
def test_scikit_learn_calibrates_a_scenario(frame, code, ensemble):
    labels = labelled(*WORDS)

    model = CalibratedClassifierCV(build(code), cv=3, ensemble=ensemble)

    assert model.fit(frame, labels).predict(frame).tolist() == labels


def test_scikit_learn_stacks_scenarios(frame):
    labels = labelled(*WORDS)
    members = [("svm", build(SVM)), ("bayes", build(BAYES))]

    stack = StackingClassifier(members, cv=3).fit(frame, labels)

    assert stack.stack_method_ == ["decision_function", "predict_proba"]
    assert stack.predict(frame).tolist() == labels


def test_a_scenario_knows_before_the_fit_whether_it_gives_probabilities():
    svm, bayes = build(SVM), build(BAYES)

    assert not hasattr(svm, "predict_proba")
    assert hasattr(svm, "decision_function")
    assert hasattr(bayes, "predict_proba")


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("code", [SVM, BAYES])
def test_the_output_that_scikit_learn_is_set_to_changes_nothing(frame, code, output):
    labels = labelled(*WORDS)
    expected = build(code).fit(frame, labels).class_scores(frame)

    with sklearn.config_context(transform_output=output):
        found = build(code).fit(frame, labels).class_scores(frame)
        kept = sklearn.get_config()["transform_output"]

    assert np.array_equal(found, expected)
    assert kept == output


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (labelled("a", None, "b"), r"10 of 30 labels are missing \(rows 1, 4, 7"),
        (labelled("a", np.nan), "15 of 30 labels are missing"),
        (labelled(1.0, np.nan), "15 of 30 labels are missing"),
        (pd.Series(labelled("a", None), dtype="category"), "15 of 30 labels"),
        (pd.Series(labelled(1, None), dtype="Int64"), "15 of 30 labels are missing"),
        (labelled("a", " "), "15 of 30 labels are missing"),
        (labelled("a", 1), r"several types \(number and text\)"),
        (labelled(True, 2), r"several types \(boolean and number\)"),
        (pd.to_datetime(labelled("2020-01-01", "2021-01-01")), "not Timestamp"),
        (labelled(0.5, 1.5), r"0.5 \(row 0, counted from 0\) is not an integer"),
        (labelled(1.0, np.inf), r"inf \(row 1"),
        (labelled(b"a", b"b"), "not bytes"),
        (labelled(["a"], ["b"]), "not list"),
        (pd.DataFrame({"a": range(30), "b": range(30)}), "has 2 columns"),
        (np.zeros((30, 2)), "has 2 columns"),
        ("shoe", "expected one label for each row, not str 'shoe'"),
        (None, "expected one label for each row, not NoneType"),
        (labelled("a", "b")[:-1], "30 rows and 29 labels"),
    ],
    ids=str,
)
def test_invalid_labels_are_refused(frame, labels, message):
    with pytest.raises(UserError, match=message):
        build(SVM).fit(frame, labels)


def test_labels_in_another_order_than_the_rows_are_refused(frame):
    labels = pd.Series(labelled(*WORDS))

    with pytest.raises(UserError, match=r"index of the rows in another order.*y\.loc"):
        build(SVM).fit(frame.sample(frac=1, random_state=0), labels)


def test_labels_with_another_index_are_matched_by_position(frame):
    rows = frame.iloc[::-1]
    labels = pd.Series(labelled(*WORDS)[::-1], index=range(100, 130))

    model = build(SVM).fit(rows, labels)

    assert model.predict(frame).tolist() == labelled(*WORDS)


def test_classes_are_numbered_as_a_data_set_does():
    found = read_labels(["10", "9", "100", "9"], 4)

    assert found.names == ("9", "10", "100")
    assert found.classes.tolist() == ["10", "100", "9"]
    assert [found.names[number] for number in found.index] == found.classes.tolist()
