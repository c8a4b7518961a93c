"""A pipeline of the user's own on a board, through the command line."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from rakuten_bench.errors import UserError
from rakuten_bench.estimator.own import OwnEstimator, describe, make_estimator
from rakuten_bench.scenario import from_words

WORDS = {
    "shoe": ("lace", "sole", "run", "heel"),
    "pot": ("lid", "steel", "tea", "cook"),
    "book": ("page", "novel", "cover", "story"),
}
TABLE = "name,text,kind\n" + "".join(
    f"{words[i % 4]} {words[(i + 1) % 4]},a {words[i % 3]} no {i},{kind}\n"
    for i in range(20)
    for kind, words in WORDS.items()
)
MODELS = """
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from settings import STRENGTH


def make_pipe(C=STRENGTH):
    return make_pipeline(TfidfVectorizer(), LinearSVC(C=C))


def make_frame():
    from sklearn.compose import ColumnTransformer

    columns = [(name, TfidfVectorizer(), name) for name in ("title", "description")]
    return make_pipeline(ColumnTransformer(columns), LogisticRegression())


ready = LogisticRegression(C=3.0)
"""
STUDY = """
dataset: {table: {path: shop.csv, title: name, description: text, label: kind}}
scenarios:
  plain: {tokenizer: regex, vectorizer: tfidf, model: linear_svc}
  ours: {model: {estimator: {path: my_models.make_pipe}}}
  framed: {model: {estimator: {path: "my_models.py:make_frame", input: rows}}}
  after: {vectorizer: tfidf, model: {estimator: {path: my_models.ready, input: features}}}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Write a table, a study and the user's models; work in their folder."""
    monkeypatch.chdir(tmp_path)
    Path("shop.csv").write_text(TABLE)
    Path("shop.yaml").write_text(STUDY)
    Path("my_models.py").write_text(MODELS)
    Path("settings.py").write_text("STRENGTH = 1.0\n")
    return tmp_path


@pytest.fixture
def run(shop, call):
    """Return a function that runs the study, or another command, in the folder."""

    def command(*words):
        return call(
            *(words or ("run", "shop.yaml", "--jobs", "1", "--quiet")),
            "--cache",
            "cache",
        )

    return command


def record_of(name):
    for path in Path("results").glob("*/*/record.json"):
        record = json.loads(path.read_text())
        if record["name"] == name:
            return record
    raise LookupError(name)


def predicted(name):
    folder = Path("results") / record_of(name)["board"] / record_of(name)["code"]
    return np.load(folder / "predictions.npz")["predicted"]


@pytest.mark.slow
def test_pipelines_of_the_user_run_like_any_other(run):
    code, printed, told = run()

    assert code == 0, told
    for name in ("plain", "ours", "framed", "after"):
        assert record_of(name)["status"] == "ok", record_of(name)["error"]
        assert name in printed
    assert record_of("ours")["sources"].keys() >= {"my_models.py", "settings.py"}
    assert "scikit-learn" in record_of("ours")["provenance"]["packages"]
    np.testing.assert_array_equal(predicted("ours"), predicted("plain"))


@pytest.mark.slow
def test_changed_source_beside_it_runs_again_and_why_names_the_file(run):
    run()
    Path("settings.py").write_text("STRENGTH = 2.0\n")

    _, planned, _ = run("plan", "shop.yaml")
    _, why, _ = run("why", "ours")

    assert re.search(r"scenarios\s+4 \(3 to run", planned), planned
    assert "source of settings.py" in why
    run()
    assert "nothing has changed" in run("why", "ours")[1]


@pytest.mark.slow
def test_a_model_is_exported_and_predicts_where_its_source_is(run):
    run()
    assert run("export", "ours", "-o", "out/model.joblib")[0] == 0

    same = run_apart("predict", "out/model.joblib", "shop.csv", "-o", "same.csv")
    shutil.move("my_models.py", "out/my_models.py")
    shutil.copy("settings.py", "out/settings.py")
    beside = run_apart("predict", "out/model.joblib", "shop.csv", "-o", "beside.csv")
    Path("out/my_models.py").unlink()
    missing = run_apart("predict", "out/model.joblib", "shop.csv")

    assert same.returncode == 0, same.stderr
    assert beside.returncode == 0, beside.stderr
    assert Path("same.csv").read_text() == Path("beside.csv").read_text()
    assert missing.returncode == 2
    assert re.search(
        r"model\.joblib: runs .*my_models\.py, which is missing", missing.stderr
    )
    assert "Traceback" not in missing.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "forged",
    [
        {"path": "pathlib.Path.touch", "params": {"self": "executed"}},
        {"path": "my_models.Path.touch", "params": {"self": "executed"}},
        {"path": "my_models.make_pipe", "params": {"forged": 1}},
    ],
    ids=lambda forged: forged["path"],
)
def test_a_call_that_only_a_forged_record_names_is_not_made(run, forged):
    Path("my_models.py").write_text(f"from pathlib import Path\n{MODELS}")
    run()
    record = record_of("ours")
    folder = Path("results") / record["board"]
    words = from_words(record["levers"], {"model": forged})
    (folder / record["code"]).rename(folder / words.code)
    text = json.dumps(record | {"code": words.code, "params": {"model": forged}})
    (folder / words.code / "record.json").write_text(text)

    code, _, said = run("why", words.code)

    assert code == 2
    assert "which no scenario file has run from here" in said
    assert not Path("executed").exists()


def run_apart(*words):
    """Call a command in a process of its own."""
    import subprocess
    import sys

    words = (sys.executable, "-m", "rakuten_bench", *words)
    return subprocess.run(words, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("estimator", r"shop\.yaml:4: model 'estimator' needs the parameter 'path'"),
        ("{estimator: {path: my_models}}", "'my_models' names no function or class"),
        ("{estimator: {path: my_models.nothing}}", "does not define 'nothing'"),
        ("{estimator: {path: absent.make}}", "there is no file 'absent.py'"),
        (
            "{estimator: {path: my_models.make_pipe, input: frames}}",
            "expected 'text' or 'rows' or 'features'",
        ),
        ("{estimator: {path: broken.make}}", r"broken\.py:1: is not valid Python"),
        (
            "{estimator: {path: my_models.make_pipe, params: {D: 1}}}",
            "'make_pipe' gives no estimator: TypeError",
        ),
        ("{estimator: {path: settings.STRENGTH}}", "gives no estimator"),
    ],
)
def test_what_is_no_estimator_is_refused_in_one_message(run, model, message):
    Path("broken.py").write_text("def make(:\n")
    study = (
        STUDY.partition("scenarios:")[0] + f"scenarios:\n  ours: {{model: {model}}}\n"
    )
    Path("shop.yaml").write_text(study)

    code, _, told = run("plan", "shop.yaml")

    assert code == 2
    assert re.search(message, " ".join(told.split())), told
    assert "Traceback" not in told


def test_levers_without_effect_on_a_whole_pipeline_are_refused(run):
    study = STUDY.partition("scenarios:")[0] + (
        "scenarios: {ours: {vectorizer: tfidf, model: {estimator: {path: my_models.make_pipe}}}}\n"
    )
    Path("shop.yaml").write_text(study)

    code, _, told = run("plan", "shop.yaml")

    assert code == 2
    assert "vectorizer 'tfidf' would have no effect" in told


def fit(estimator, n_rows=60, **params):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n_rows, 4)), np.arange(n_rows) % 3
    return OwnEstimator(estimator, ("a", "b", "c"), **params).fit(X + y[:, None], y), X


class Odd(ClassifierMixin, BaseEstimator):
    """Answers as it is told to."""

    def __init__(self, answer="a", chances=None, classes=("a", "b", "c")):
        self.answer = answer
        self.chances = chances
        self.classes = classes

    def fit(self, X, y):
        self.seen_ = y
        if self.classes:
            self.classes_ = np.array(self.classes)
        return self

    def predict(self, X):
        return np.full(len(X), self.answer, dtype=object)

    def predict_proba(self, X):
        return np.tile(self.chances or [1.0, 0.0, 0.0], (len(X), 1))


def test_it_is_fitted_on_the_labels_as_texts_or_on_codes():
    named, _ = fit(Odd())
    coded, _ = fit(Odd(classes=(0, 1, 2)), labels="codes")

    assert set(named.estimator_.seen_) == {"a", "b", "c"}
    assert set(coded.estimator_.seen_) == {0, 1, 2}


def test_its_classes_may_be_in_any_order():
    model, X = fit(Odd("c", [0.1, 0.2, 0.7], ("b", "a", "c")))

    assert model.classes_.tolist() == [1, 0, 2]
    assert model.predict_proba(X)[0].tolist() == [0.1, 0.2, 0.7]


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Odd("x"), "predict returned 'x': not among"),
        (
            Odd(chances=[0.5, 0.5]),
            r"predict_proba returned an array of shape \(60, 2\)",
        ),
        (Odd(classes=("a", "b")), "classes_ has 2 classes, the training rows 3"),
        (Odd(classes=("a", "b", "d")), "classes_ has 'd': not among"),
        (Odd(classes=None), "no classes_: the order of its columns is unknown"),
    ],
)
def test_odd_output_is_refused(estimator, message):
    with pytest.raises(UserError, match=message):
        answer(estimator)


def answer(estimator):
    model, X = fit(estimator)
    return model.predict_proba(X), model.predict(X)


def test_a_label_other_than_the_most_probable_is_noted():
    model, X = fit(Odd("b"))
    model.predict_proba(X)

    assert model.notes_ == (
        "its predict differs from its most probable class in 60 of 60 rows, and the most "
        "probable class counts; with 'probability: false' its predict does",
    )
    assert not hasattr(fit(Odd("b"), probability=False)[0], "predict_proba")


def test_seeds_that_are_not_set_are_and_others_stay():
    model, _ = fit(RandomForestClassifier(2, n_jobs=-1), random_state=7, n_jobs=2)
    own, _ = fit(LogisticRegression(random_state=3), random_state=7)

    assert (model.estimator_.random_state, model.estimator_.n_jobs) == (7, 2)
    assert own.estimator_.random_state == 3


class Global(Odd):
    def fit(self, X, y):
        self.draw_ = np.random.random()  # noqa: NPY002
        return super().fit(X, y)


def test_global_random_numbers_are_the_same_and_are_restored():
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    draws = {fit(Global(), random_state=1)[0].estimator_.draw_ for _ in range(2)}

    assert len(draws) == 1
    assert np.random.random() == expected  # noqa: NPY002


def test_the_estimator_of_the_user_stays_unfitted():
    given = DummyClassifier()
    fit(given)

    assert not hasattr(given, "classes_")


@pytest.mark.parametrize(
    "made", [lambda: 1, lambda: LogisticRegression], ids=["number", "class"]
)
def test_what_gives_no_estimator_is_refused(made):
    with pytest.raises(UserError, match="not a scikit-learn estimator"):
        make_estimator(made)


def test_parameters_have_one_description_in_each_process():
    one = describe(LogisticRegression(C=2.0, class_weight={"b": 1, "a": 2}))

    assert one == describe(LogisticRegression(C=2.0, class_weight={"b": 1, "a": 2}))
    assert one != describe(LogisticRegression(C=3.0, class_weight={"b": 1, "a": 2}))
