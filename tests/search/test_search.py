"""Searches use training rows only, record every candidate, and work in the classifier."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

import rakuten_bench
from rakuten_bench.data import DatasetSpec, SplitSpec, build_split, load_dataset
from rakuten_bench.engine import Run, Settings, prepare
from rakuten_bench.errors import UserError
from rakuten_bench.pipeline.kind.search import (
    Candidate,
    Inner,
    choose,
    edge_note,
    fit_search,
    shrink,
)
from rakuten_bench.records import read_predictions
from rakuten_bench.registry import MODEL, SEARCH, Choices, Integer, Real
from rakuten_bench.scenario import from_words
from rakuten_bench.scenario.load import StudySpec
from rakuten_bench.scenario.space import read_space
from rakuten_bench.types import Folded

GIVEN = {"random_state": 3, "n_jobs": 1, "device": "cpu", "n_classes": 3}


def made_up(n_rows=90, seed=0):
    generator = np.random.default_rng(seed)
    y = np.arange(n_rows, dtype=np.int32) % 3
    X = generator.random((n_rows, 6)) + np.eye(3)[y].repeat(2, axis=1) * 0.7
    return X, y


def folds(X, y, n_test=30):
    rows = np.arange(len(y))
    folded = Folded(
        X[:-n_test], X[-n_test:], y[:-n_test], rows[:-n_test], rows[-n_test:]
    )
    half = (len(y) - n_test) // 2
    inner = [
        Inner(Folded(X[a], X[b], y[a], a, b), y[b])
        for a, b in (
            (rows[:half], rows[half : 2 * half]),
            (rows[half : 2 * half], rows[:half]),
        )
    ]
    return folded, inner


def search_with(name, model="logreg", space=None, **params):
    X, y = made_up()
    folded, inner = folds(X, y)
    option = SEARCH.find("text", name)
    given = params | ({"space": space} if space else {})
    return fit_search(
        (option, MODEL.find("text", model)),
        (option.convert(given), {}),
        folded,
        inner,
        GIVEN,
    ), folded


ALL = [option.name for option in SEARCH.options("text") if option.name != "off"]


@pytest.mark.parametrize("name", ALL)
def test_every_search_keeps_all_candidates_and_fits_the_best(name):
    if name == "optuna":
        pytest.importorskip("optuna", reason="needs the extra optuna")
    space = {"C": [1e-4, 0.1, 10.0]}

    model, folded = search_with(name, space=space)

    found = model.details_["candidates"]
    assert all(set(one) >= {"params", "score", "scores", "seconds"} for one in found)
    whole = [one for one in found if one.get("share", 1.0) == 1.0]
    best = max(whole, key=lambda one: one["score"])
    assert model.details_["best_params"] == best["params"]
    assert best["params"]["C"] == model.C
    assert model.details_["best_params"]["C"] > 1e-4
    assert model.predict(folded.test).shape == (30,)


@pytest.mark.parametrize("name", ["random", "halving", "bayes"])
def test_the_same_seed_tries_the_same_candidates(name):
    first, _ = search_with(name)
    second, _ = search_with(name)

    names = [one["params"] for one in first.details_["candidates"]]
    assert names == [one["params"] for one in second.details_["candidates"]]
    assert len({str(one) for one in names}) > 3


def test_halving_gives_more_rows_to_fewer_candidates():
    model, _ = search_with("halving", n_candidates=9)

    shares = [one.get("share", 1.0) for one in model.details_["candidates"]]
    assert [shares.count(share) for share in sorted(set(shares))] == [9, 3, 1]
    assert max(shares) == 1.0


def test_a_combination_that_fails_is_kept_and_does_not_end_the_search():
    # liblinear knows no hinge loss with a primal problem: this one fails in the library
    model, _ = search_with("grid", "linear_svc", space={"C": [-1.0, 1.0]})

    failed = [one for one in model.details_["candidates"] if "error" in one]
    assert [one["params"] for one in failed] == [{"C": -1.0}]
    assert failed[0]["score"] is None
    assert model.details_["best_params"] == {"C": 1.0}


def test_bayes_continues_after_failed_candidates():
    space = {"C": {"low": -1.0, "high": 1.0}}

    model, _ = search_with("bayes", "linear_svc", space=space, n_iter=10, n_initial=5)

    assert len(model.details_["candidates"]) == 10
    assert any("error" in one for one in model.details_["candidates"])
    assert model.details_["best_params"]["C"] > 0


def test_a_search_without_a_successful_candidate_reports_the_error():
    with pytest.raises(UserError, match="every candidate failed; the first error"):
        search_with("grid", "linear_svc", space={"C": [-1.0, -2.0]})


def test_candidates_are_scored_by_their_most_probable_classes():
    X, y = made_up()
    folded, inner = folds(X, y)
    model, calibrate = MODEL.find("text", "linear_svc"), {"calibrate": "isotonic"}
    search = SEARCH.find("text", "grid")
    space = {"space": {"C": [0.01, 1.0]}, "scoring": "accuracy"}

    found = fit_search((search, model), (space, calibrate), folded, inner, GIVEN)

    [first, _] = found.details_["candidates"]
    expected = []
    for fold in inner:
        one = model.make(params=calibrate | {"C": 0.01}, **GIVEN)
        one.fit(fold.folded.train, fold.folded.y)
        said = one.predict_proba(fold.folded.test).argmax(axis=1)
        expected.append((said == fold.y_test).mean())
    assert first["scores"] == pytest.approx(expected)


def test_a_best_value_at_the_edge_causes_a_note():
    model, _ = search_with("grid", space={"C": [1e-9, 1e-8, 1e-7]})

    assert model.details_["best_params"]["C"] in (1e-9, 1e-7)  # all are as good
    assert any("edge of its search space" in note for note in model.notes_)


@pytest.mark.parametrize(
    ("value", "dimension", "told"),
    [
        (0.1, Real(0.1, 100.0, log=True), "lower"),
        (99.0, Real(0.1, 100.0, log=True), "upper"),
        (3.0, Real(0.1, 100.0, log=True), ""),
        (10, Integer(1, 10), "upper"),
        (5, Choices((1, 5, 9)), ""),
        (9, Choices((1, 5, 9)), "upper"),
        (0.001, Choices((0.0001, 0.001)), "upper"),
        (1, Choices((1,)), ""),
        ("a", Choices(("a", "b", "c")), ""),
        (None, Choices((None, 1, 2)), ""),
        (True, Choices((True, False)), ""),
    ],
)
def test_the_edge_of_a_space(value, dimension, told):
    note = edge_note("x", value, dimension)

    assert told in note
    assert bool(note) == bool(told)


def test_equal_scores_go_to_the_first_and_nan_never_wins():
    candidates = [
        Candidate({"C": 1}, (), 0.0, 1.0, "ValueError: no"),
        Candidate({"C": 2}, (0.5,), 0.0, 1.0),
        Candidate({"C": 3}, (0.5,), 0.0, 1.0),
        Candidate({"C": 4}, (0.9,), 0.0, 0.3),
    ]

    assert choose(candidates).params == {"C": 2}


def test_a_sample_of_the_rows_keeps_every_class():
    X, y = made_up()
    y = y.copy()
    y[7] = 9
    folded, _ = folds(X, y)

    small = shrink(folded, 0.2, 0)

    assert set(small.y) == {0, 1, 2, 9}
    assert len(small.y) == 12
    assert np.array_equal(small.train, X[small.train_rows])


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"c": [1]}, "unknown parameter of logreg 'c'"),
        ({"C": {"low": 1}}, "needs low < high"),
        ({"C": {"low": 2, "high": 1}}, "needs low < high"),
        ({"C": 3}, "neither a list of values nor a range"),
        ({"C": ["big"]}, "is invalid"),
        ({}, "space is empty"),
        ({"C": []}, "neither a list of values nor a range"),
        ({"C": [1]}, r"\[1\] has only one value"),
        ({"C": [1, 2, 1.0]}, "has a duplicate value"),
        ({"C": {"low": 1, "high": 2, "step": 1}}, "needs low < high"),
        ({"C": {"low": "a", "high": "b"}}, "'a' is invalid"),
        ({"C": {"low": 1, "high": "b"}}, "'b' is invalid"),
        ({"C": {"low": 1, "high": float("inf")}}, "needs low < high"),
        ({"C": {"low": 1, "high": 2, "log": "no"}}, "true or false for log"),
        ({"C": {"low": 0, "high": 2, "log": True}}, "needs low > 0"),
        ({"class_weight": {"low": None, "high": "balanced"}}, "needs low < high"),
        ({"max_iter": {"low": 10.5, "high": 20}}, "10.5 is invalid"),
    ],
)
def test_an_invalid_space_is_refused(space, message):
    with pytest.raises(UserError, match=message):
        read_space(MODEL.find("text", "logreg"), space)


@pytest.mark.parametrize(
    ("search", "params"),
    [
        ("grid", {"n_values": 0}),
        ("grid", {"cv": 1}),
        ("random", {"n_iter": 0}),
        ("halving", {"factor": 1}),  # would never end
        ("halving", {"n_candidates": 0}),
        ("bayes", {"n_initial": 0}),
        ("optuna", {"n_iter": -3}),
    ],
)
def test_a_search_that_could_not_choose_is_refused_before_running(search, params):
    with pytest.raises(UserError, match=f"parameter '{next(iter(params))}': .* >= "):
        SEARCH.find("text", search).convert(params)


def test_a_parameter_that_is_used_before_the_candidates_are_known_is_refused():
    with pytest.raises(
        UserError, match="'max_rows': all candidates of model 'svc' share it"
    ):
        read_space(MODEL.find("text", "svc"), {"max_rows": [1000, 2000]})


@pytest.mark.parametrize(
    ("name", "ends", "dimension"),
    [
        ("max_depth", (2, 9), Integer(2, 9)),  # a whole number, or None
        ("max_features", (0.2, 1), Real(0.2, 1.0)),
    ],
)
def test_a_range_is_of_what_the_parameter_takes(name, ends, dimension):
    space = {name: dict(zip(("low", "high"), ends, strict=True))}

    found = read_space(MODEL.find("text", "random_forest"), space)

    assert found == {name: dimension}
    assert type(found[name].low) is type(dimension.low)


@pytest.mark.parametrize("name", ["random", "bayes", "halving"])
def test_a_short_range_is_searched_exhaustively(name):
    space = {"max_depth": {"low": 1, "high": 3}}

    model, _ = search_with(name, "decision_tree", space=space)

    whole = [c for c in model.details_["candidates"] if c.get("share", 1.0) == 1.0]
    tried = {one["params"]["max_depth"] for one in model.details_["candidates"]}
    assert tried == {1, 2, 3}
    assert len(whole) <= 3


def test_a_model_without_a_space_asks_for_one():
    with pytest.raises(UserError, match="has no default search space"):
        read_space(MODEL.find("text", "dummy"), None)


def test_a_parameter_that_is_given_keeps_its_value():
    model = MODEL.find("text", "random_forest")

    free = read_space(model, None, given={"max_depth"})

    assert free.keys() == model.space.keys() - {"max_depth"}
    with pytest.raises(
        UserError,
        match="'max_depth': the scenario sets this parameter of 'random_forest'",
    ):
        read_space(model, {"max_depth": [2, 4]}, given={"max_depth"})
    with pytest.raises(UserError, match="has no default search space"):
        read_space(model, None, given=model.space)


@pytest.mark.parametrize(
    "model", [o for o in MODEL.options("text") if o.space], ids=lambda o: o.name
)
def test_every_space_has_parameters_of_its_model(model):
    for name, dimension in model.space.items():
        convert = model.parameters[name].convert
        ends = (
            dimension.values
            if isinstance(dimension, Choices)
            else (dimension.low, dimension.high)
        )
        assert [convert(value) for value in ends] == list(ends)


def run_one(study, settings):
    """Run a study of one scenario; return its record."""
    events = Run(prepare(study, settings), settings).events()
    (record,) = (event.record for event in events if event.record)
    return record


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Run a search on openmoji; return data, split, scenario and its record's folder."""
    folder = tmp_path_factory.mktemp("search")
    words = {"tokenizer": "regex", "vectorizer": "tfidf", "model": "complement_nb"}
    scenario = from_words(words | {"search": "grid"}, {"search": {"n_values": 3}})
    study = StudySpec(path=folder / "study.yaml", scenarios=(scenario,))
    settings = Settings(results=folder, cache=folder / "cache")
    record = run_one(study, settings)
    assert record.status == "ok", record.error
    dataset = load_dataset(DatasetSpec("openmoji"), cache=folder / "cache")
    split = build_split(dataset, SplitSpec(), cache=folder / "cache")
    return dataset, split, scenario, folder / "openmoji" / scenario.code, record


def test_the_record_holds_the_candidates(searched):
    details = searched[4].details

    assert len(details["candidates"]) == 6
    assert details["best_params"] in [one["params"] for one in details["candidates"]]
    assert all(len(one["scores"]) == 3 for one in details["candidates"])


def test_the_classifier_searches_as_the_engine_does(searched):
    dataset, split, scenario, folder, _ = searched
    fold = split.folds[0]
    record = read_predictions(folder)
    model = rakuten_bench.build(scenario)

    model.fit(dataset.frame.iloc[fold.train], dataset.frame["label"].iloc[fold.train])

    predicted = model.predict(dataset.frame.iloc[fold.test])
    assert predicted.tolist() == [record.classes[code] for code in record.predicted]


def test_a_search_never_sees_the_labels_of_test_rows(searched, tmp_path, monkeypatch):
    """The labels of the test rows don't affect any candidate's score."""
    dataset, split, scenario, _, record = searched
    preparing = importlib.import_module("rakuten_bench.engine.prepare")
    frame = dataset.frame.copy()
    test = split.folds[0].test
    frame.loc[test, "label"] = frame["label"].iloc[test].to_numpy()[::-1]
    other = replace(dataset, frame=frame, fingerprint="other")
    monkeypatch.setattr(preparing, "load_dataset", lambda *_, **__: other)
    monkeypatch.setattr(preparing, "build_split", lambda *_, **__: split)
    study = StudySpec(path=tmp_path / "study.yaml", scenarios=(scenario,))
    settings = Settings(results=tmp_path, cache=tmp_path / "cache")

    other_record = run_one(study, settings)

    before = [(one["params"], one["score"]) for one in record.details["candidates"]]
    after = [
        (one["params"], one["score"]) for one in other_record.details["candidates"]
    ]
    assert after == before
    assert other_record.scores.f1_weighted != record.scores.f1_weighted


def test_stateless_features_are_divided_for_a_search(tmp_path):
    """An image feature without a reducer is not yet divided into folds."""
    scenario = from_words(
        {"feature": "layout", "model": "logreg", "search": "grid"},
        {"search": {"space": {"C": [0.1, 1.0]}}},
        "image",
    )
    study = StudySpec(path=tmp_path / "study.yaml", scenarios=(scenario,))
    settings = Settings(results=tmp_path, cache=tmp_path / "cache")

    record = run_one(study, settings)

    assert record.status == "ok", record.error
    assert len(record.details["candidates"]) == 2
