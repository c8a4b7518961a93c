"""Levers as parameters of a scikit-learn estimator."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from rakuten_bench import build
from rakuten_bench.errors import UserError
from rakuten_bench.pipeline.lever import FusionLevers, ImageLevers, TextLevers
from rakuten_bench.registry import LEVERS
from rakuten_bench.scenario import from_code, from_words
from rakuten_bench.scenario.load import read_scenario, write_scenario

WORDS = ("shoe", "pot", "hat")
TEXTS = [f"{WORDS[row % 3]} {WORDS[row % 3]} number{row % 5}" for row in range(30)]
LABELS = [WORDS[row % 3] for row in range(30)]


def small(**levers):
    return build(**{"tokenizer": "regex", "vectorizer": "tfidf", **levers})


@pytest.mark.parametrize("levers", [TextLevers, ImageLevers, FusionLevers])
def test_the_defaults_are_those_of_the_registry(levers):
    params = levers().get_params(deep=False)

    chosen = {name: params[name] for name in params if name in levers()._levers()}
    expected = {
        lever.name: lever.find_default(levers.modality).name
        for lever in LEVERS[levers.modality]
    }
    assert {name: chosen[name] for name in chosen if name != "members"} == expected


@pytest.mark.parametrize(
    ("levers", "expected"),
    [
        (
            {"vectorizer": "tfidf", "model": {"logreg": {"C": 10}}},
            from_words(
                {"vectorizer": "tfidf", "model": "logreg"}, {"model": {"C": 10}}
            ),
        ),
        (
            {"feature": "hog", "model": "linear_svc"},
            from_words({"feature": "hog", "model": "linear_svc"}, modality="image"),
        ),
        ({"modality": "image"}, from_words({}, modality="image")),
        (
            {"fusion": "mean", "members": ["T0010-0140-0000", {"feature": "hog"}]},
            from_words(
                {"fusion": "mean"},
                modality="fusion",
                members=(
                    from_code("T0010-0140-0000"),
                    from_words({"feature": "hog"}, modality="image"),
                ),
            ),
        ),
    ],
    ids=["text", "image", "modality", "fusion"],
)
def test_levers_are_those_of_a_scenario_file(levers, expected):
    model = build(**levers)

    assert model.scenario.code == expected.code
    assert build(expected).scenario == model.scenario == clone(model).scenario


@pytest.mark.parametrize(
    "entry",
    [
        {"model": {"logreg": {"C": 10}}, "vectorizer": {"tfidf": {"ngram_range": [1, 2]}}},
        {"model": {"logreg": {"C": 1.0}}, "search": "grid"},
        {"search": {"random": {"space": {"C": [0.1, 1]}}}, "model": "logreg"},
        {"modality": "image", "feature": {"mix": {"members": {"hog": {}, "lbp": {}}}}},
        {"fusion": "mean", "members": [{"model": {"ridge": {"alpha": 2}}}, {"crop": "margin"}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_scenario_is_the_same_after_it_is_written_and_read(entry):
    scenario = read_scenario(entry)

    again = read_scenario({"modality": scenario.modality, **write_scenario(scenario)})

    assert again == scenario
    assert again.code == scenario.code


@pytest.mark.parametrize(
    ("levers", "message"),
    [
        ({"vectorizr": "tfidf"}, "unknown lever 'vectorizr'. Did you mean 'vectorizer'"),
        ({"model": "logrge"}, "unknown model 'logrge'. Did you mean 'logreg'"),
        ({"feature": "hgo"}, "unknown feature 'hgo'. Did you mean 'hog'"),
        ({"fusion": "meen"}, "unknown fusion 'meen'. Did you mean 'mean'"),
        ({"model": {"logreg": {"c": 1}}}, "unknown parameter of logreg 'c'. Did you mean"),
        ({"model": {"logreg": {"C": "x"}}}, "parameter 'C': 'x' is invalid: expected a n"),
        ({"model": ["logreg", "ridge"]}, "'model' needs one option here, not 2"),
        ({"stopwords": None}, "unknown stopwords 'none'. Did you mean 'off'"),
        ({"modality": "texts"}, "unknown modality 'texts'. Did you mean 'text'"),
        ({"limits": {"time": "1m"}}, "has limits, which only a run observes"),
        ({"model": 1j}, "values of type 'complex' are not supported"),
        ({"fusion": "mean"}, "is impossible: a fusion needs at least two members"),
        ({"fusion": "mean", "members": ["x"]}, "'x' is neither a scenario code nor"),
    ],
    ids=str,
)  # fmt: skip
def test_an_invalid_lever_is_refused(levers, message):
    with pytest.raises(UserError, match=message):
        build(**levers)


def test_levers_replace_those_of_a_code():
    model = build("T0110-0120-0000", model={"ridge": {"alpha": 2}})

    assert model.scenario == from_words(
        {"stopwords": "nltk", "tokenizer": "regex"}
        | {"vectorizer": "tfidf", "model": "ridge"},
        {"model": {"alpha": 2.0}},
    )


def test_parameters_of_options_are_nested_with_their_defaults():
    params = small(model={"logreg": {"C": 10}}).get_params()

    assert params["model"] == {"logreg": {"C": 10}}
    assert params["model__C"] == 10
    assert params["model__class_weight"] is None
    assert params["vectorizer__ngram_range"] == (1, 1)
    assert not [name for name in params if name.startswith("stopwords__")]


def test_setting_a_nested_parameter_changes_the_scenario():
    given = {"logreg": {"C": 10}}
    model = small(model=given)

    model.set_params(model__C=2, model__tol=0.01, vectorizer__ngram_range=[1, 2])

    assert model.model == {"logreg": {"C": 2, "tol": 0.01}}
    assert model.scenario["vectorizer"].arguments == {"ngram_range": (1, 2)}
    assert given == {"logreg": {"C": 10}}


def test_another_option_starts_with_its_own_parameters():
    model = small(model={"logreg": {"C": 10}})

    model.set_params(model__C=2, model="linear_svc")
    assert model.scenario["model"].arguments == {"C": 2.0}

    model.set_params(model={"ridge": {"alpha": 3}})
    assert model.scenario["model"].arguments == {"alpha": 3.0}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"modle": "ridge"}, "unknown parameter of TextClassifier 'modle'. Did you mean"),
        ({"modle__C": 1}, "unknown lever 'modle'. Did you mean 'model'"),
        ({"model__CC": 1}, "unknown parameter of logreg 'CC'. Did you mean 'C'"),
        ({"model": "x", "model__C": 1}, "unknown model 'x'"),
    ],
    ids=str,
)  # fmt: skip
def test_an_unknown_parameter_is_refused_and_nothing_is_set(params, message):
    model = small(model="logreg")
    before = model.get_params(deep=False)

    with pytest.raises(ValueError, match=message):
        model.set_params(random_state=5, **params)

    assert model.get_params(deep=False) == before


def test_fit_refuses_an_invalid_option_that_was_set():
    model = small(model="logreg").set_params(model="logrge")

    with pytest.raises(
        UserError, match=r"unknown model 'logrge'\. Did you mean 'logreg'"
    ):
        model.fit(TEXTS, LABELS)


def test_parameters_of_a_member_are_nested():
    model = build(fusion="mean", members=["T0010-0140-0000", {"feature": "hog"}])

    params = model.get_params()
    assert params["members__0__model"] == "multinomial_nb"
    assert params["members__0__model__alpha"] == 1.0
    model.set_params(members__0__model__alpha=0.5, members__1__model="complement_nb")

    first, second = model.scenario.members
    assert first["model"].arguments == {"alpha": 0.5}
    assert (second["feature"].option, second["model"].option) == (
        "hog",
        "complement_nb",
    )
    with pytest.raises(UserError, match=r"unknown member '2'\. Known: 0, 1"):
        model.set_params(members__2__model="ridge")
    with pytest.raises(
        UserError, match=r"unknown lever 'modle'\. Did you mean 'model'"
    ):
        model.set_params(members__0__modle="ridge")


def test_what_is_set_after_the_fit_does_not_change_predictions():
    model = small(model="complement_nb").fit(TEXTS, LABELS)
    expected = model.predict_proba(TEXTS)

    model.set_params(model="linear_svc", vectorizer="count", tokenizer="split")

    assert np.array_equal(model.predict_proba(TEXTS), expected)


def test_the_repr_is_one_line_and_builds_the_same_estimator():
    model = small(model={"logreg": {"C": 10}}, random_state=5)

    shown = repr(model)

    assert shown == (
        "TextClassifier(vectorizer='tfidf', "
        "model={'logreg': {'C': 10}}, random_state=5)"
    )


def test_the_html_shows_the_levers():
    page = small(model={"logreg": {"C": 10}})._repr_html_()

    assert "TextClassifier" in page
    assert "stopwords" in page
    assert "logreg" in page


def test_a_grid_searches_over_options_and_their_parameters():
    grid = {
        "model": [{"logreg": {"C": 10}}, "linear_svc"],
        "model__C": np.logspace(-1, 1, 2),
        "vectorizer__ngram_range": [(1, 1), (1, 2)],
    }

    search = GridSearchCV(small(), grid, cv=3).fit(TEXTS, LABELS)

    assert len(search.cv_results_["params"]) == 8
    assert search.best_score_ == 1.0
    best = search.best_estimator_
    assert best.scenario_["model"].arguments["C"] == search.best_params_["model__C"]


def test_a_grid_searches_inside_a_pipeline():
    clean = FunctionTransformer(lambda texts: [text.replace("x", "") for text in texts])
    pipeline = Pipeline([("clean", clean), ("classify", small(model="logreg"))])
    texts = [f"x{text}" for text in TEXTS]

    search = GridSearchCV(pipeline, {"classify__model__C": [0.01, 10]}, cv=3)
    search.fit(texts, LABELS)

    assert search.predict(texts).tolist() == LABELS
    assert search.best_estimator_["classify"].get_params()["model__C"] in (0.01, 10)


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_scenarios_vote(voting):
    members = [
        ("bayes", small(model="complement_nb")),
        ("linear", small(model="logreg")),
    ]

    vote = VotingClassifier(members, voting=voting).fit(TEXTS, LABELS)

    assert vote.predict(TEXTS).tolist() == LABELS
    assert vote.set_params(linear__model__C=3).get_params()["linear__model__C"] == 3


def test_clones_and_pickles_keep_the_parameters():
    model = small(model={"logreg": {"C": 10}}, n_jobs=None)
    frame = pd.DataFrame({"title": TEXTS})

    again = pickle.loads(pickle.dumps(clone(model)))

    assert again.get_params() == model.get_params()
    assert again.fit(frame, LABELS).predict(frame).tolist() == LABELS


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
def test_the_number_of_threads_does_not_change_predictions(n_jobs):
    expected = small(model="random_forest").fit(TEXTS, LABELS).predict_proba(TEXTS)

    model = small(model="random_forest", n_jobs=n_jobs).fit(TEXTS, LABELS)

    assert np.array_equal(model.predict_proba(TEXTS), expected)
