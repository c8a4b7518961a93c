"""A scenario as a scikit-learn classifier predicts the same as the engine."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import rakuten_bench
from rakuten_bench.data import DatasetSpec, SplitSpec, build_split, load_dataset
from rakuten_bench.engine import Run, Settings, prepare
from rakuten_bench.errors import UserError
from rakuten_bench.records import read_predictions
from rakuten_bench.scenario import from_words
from rakuten_bench.scenario.load import StudySpec

WORDS = {"tokenizer": "regex", "vectorizer": "tfidf", "model": "linear_svc"}
SCENARIOS = {
    "words": from_words(WORDS),
    "stems": from_words(WORDS | {"stopwords": "iso", "normalizer": "stem_snowball"}),
    "probability": from_words(WORDS | {"model": "complement_nb"}),
    "french": from_words(WORDS | {"language": "fr"}),
    "sampled": from_words(WORDS | {"sampler": "random_under"}),
    "reduced": from_words(WORDS | {"reducer": "chi2"}, {"reducer": {"k": 200}}),
    "blocks": from_words(WORDS | {"fields": "blocks", "cleaner": "html"}),
    "calibrated": from_words(WORDS, {"model": {"calibrate": "isotonic"}}),
}


@pytest.fixture(scope="module")
def openmoji(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    dataset = load_dataset(DatasetSpec("openmoji"), cache=cache)
    return dataset, build_split(dataset, SplitSpec(), cache=cache), cache


@pytest.fixture(scope="module")
def results(openmoji, tmp_path_factory):
    """Run the scenarios with the engine; return the folder of the board."""
    folder = tmp_path_factory.mktemp("results")
    study = StudySpec(path=folder / "study.yaml", scenarios=tuple(SCENARIOS.values()))
    settings = Settings(results=folder, cache=openmoji[2])
    events = Run(prepare(study, settings), settings).events()
    assert {event.record.status for event in events if event.record} == {"ok"}
    return folder / "openmoji"


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_classifier_gives_the_predictions_of_the_record(name, openmoji, results):
    dataset, split, _ = openmoji
    train, test = split.folds[0].train, split.folds[0].test
    scenario = SCENARIOS[name]
    record = read_predictions(results / scenario.code)

    model = clone(rakuten_bench.build(scenario))
    model.fit(dataset.frame.iloc[train], dataset.frame["label"].iloc[train])
    model = pickle.loads(pickle.dumps(model))

    predicted = model.predict(dataset.frame.iloc[test])
    assert predicted.tolist() == [record.classes[code] for code in record.predicted]


def test_a_calibrated_models_labels_are_its_most_probable_classes(openmoji, results):
    dataset, split, _ = openmoji
    train, test = (dataset.frame.iloc[rows] for rows in _sides(split))
    record = read_predictions(results / SCENARIOS["calibrated"].code)
    uncalibrated = read_predictions(results / SCENARIOS["words"].code)

    model = rakuten_bench.build(SCENARIOS["calibrated"]).fit(train, train["label"])

    assert np.array_equal(record.predicted, record.probability.argmax(axis=1))
    assert not np.array_equal(record.predicted, uncalibrated.predicted)
    labels, scores = model.predict_scored(test)
    assert labels.tolist() == model.classes_[scores.argmax(axis=1)].tolist()


def _sides(split):
    return split.folds[0].train, split.folds[0].test


def test_probabilities_come_in_the_order_of_the_classes(openmoji, results):
    dataset, split, _ = openmoji
    train, test = split.folds[0].train, split.folds[0].test
    record = read_predictions(results / SCENARIOS["probability"].code)
    model = rakuten_bench.build(SCENARIOS["probability"])

    model.fit(dataset.frame.iloc[train], dataset.frame["label"].iloc[train])

    assert tuple(model.classes_) == record.classes
    found = model.predict_proba(dataset.frame.iloc[test])
    assert np.array_equal(found, record.probability)


def test_a_model_without_probabilities_has_no_such_method(openmoji):
    dataset = openmoji[0]
    model = rakuten_bench.build(SCENARIOS["words"])

    model.fit(dataset.frame.iloc[:200], dataset.frame["label"].iloc[:200])

    assert not hasattr(model, "predict_proba")


@pytest.mark.parametrize(
    ("model", "scores"),
    [
        ("complement_nb", "predict_proba"),
        ("linear_svc", "decision_function"),
        ("ridge", None),
    ],
)
def test_labels_and_scores_come_from_one_computation_of_features(
    monkeypatch, model, scores
):
    frame = pd.DataFrame({"title": ["a red shoe", "a blue pot"] * 4})
    found = rakuten_bench.build(from_words({"vectorizer": "tfidf", "model": model}))
    found.fit(frame, ["shoe", "pot"] * 4)
    if scores is None:
        found.model_ = SimpleNamespace(predict=found.model_.predict)
    labels = found.predict(frame)
    expected = getattr(found, scores)(frame) if scores else None
    if scores == "decision_function":
        expected = np.column_stack([-expected, expected])
    looks = []
    look = type(found).features
    monkeypatch.setattr(
        type(found), "features", lambda self, X: looks.append(1) or look(self, X)
    )

    again, given = found.predict_scored(frame)

    assert len(looks) == 1
    assert again.tolist() == labels.tolist()
    if scores is None:
        assert given is None
    else:
        assert given.dtype == np.float64
        assert np.array_equal(given, expected)


def test_missing_columns_count_as_empty():
    frame = pd.DataFrame(
        {"title": ["red shoe", "blue shoe", "red pot", "blue pot"] * 3}
    )
    labels = ["shoe", "shoe", "pot", "pot"] * 3

    model = rakuten_bench.build("T0010-0120-0000").fit(frame, labels)

    assert model.predict(frame[:4]).tolist() == labels[:4]


@pytest.mark.parametrize(
    ("frame", "labels", "message"),
    [
        ("a text", ["x"], "expected a data frame.* not str"),
        (pd.DataFrame({"title": ["a", "b"]}), ["x"], "2 rows and 1 labels"),
        (pd.DataFrame({"title": ["red", "blue"]}), ["x", "x"], "two classes"),
    ],
)
def test_invalid_training_data_are_refused(frame, labels, message):
    with pytest.raises(UserError, match=message):
        rakuten_bench.build("T0010-0120-0000").fit(frame, labels)


def test_an_unfitted_classifier_raises():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        rakuten_bench.build("T0010-0120-0000").predict(pd.DataFrame({"title": ["a"]}))


@pytest.mark.parametrize("code", [None, 7, ["T0010-0120-0000"]])
def test_an_invalid_code_is_refused(code):
    with pytest.raises(UserError, match=r"is not a code, such as"):
        rakuten_bench.build(code)


@pytest.mark.parametrize("seed", [None, "1", 1.5])
def test_a_seed_that_is_not_an_integer_is_refused(seed):
    model = rakuten_bench.build("T0010-0120-0000", random_state=seed)

    with pytest.raises(UserError, match="random_state: must be an integer"):
        model.fit(pd.DataFrame({"title": ["a", "b"]}), ["x", "y"])


@pytest.mark.parametrize("rows", [[True], [0, 1], ["a", "b"], 1, [[True], [False]]])
def test_validation_rows_are_one_boolean_for_each_row(rows):
    with pytest.raises(UserError, match="validation: expected 2 booleans"):
        rakuten_bench.build("T0010-0120-0000").fit(
            ["a", "b"], ["x", "y"], validation=rows
        )


@pytest.mark.filterwarnings("ignore:.*have no token")
def test_a_failed_fit_leaves_no_fitted_classifier():
    model = rakuten_bench.build(model="linear_svc").fit(["red", "blue"], ["x", "y"])

    with pytest.raises(UserError, match="no term is left"):
        model.fit(["a", "b"], ["x", "y"])

    with pytest.raises(NotFittedError, match="not fitted yet"):
        model.predict(["red"])


def test_wrong_arguments_leave_the_fitted_classifier_as_it_is():
    model = rakuten_bench.build(model="linear_svc").fit(["red", "blue"], ["x", "y"])

    with pytest.raises(UserError, match="labels are missing"):
        model.fit(["red", "blue"], ["x", None])

    assert model.predict(["red"]).tolist() == ["x"]
