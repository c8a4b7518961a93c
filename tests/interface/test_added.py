"""Estimators of the user's own, added to a study from Python."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

import rakuten_bench as rb
from rakuten_bench.estimator.added import write_module

SCRIPT = '''
import sys
import pandas as pd
import rakuten_bench as rb
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

TIMES = {times}

def twice(text):
    """Repeat a text."""
    return text * TIMES

class Twice(TransformerMixin, BaseEstimator):
    def __init__(self, upper=True):
        self.upper = upper

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        assert isinstance(X, pd.Series)
        return X.map(twice)

words = ["red shoe", "blue shoe", "tea pot", "big pot"]
shop = pd.DataFrame({{
    "title": [f"{{words[i % 4]}} {{i % 7}}" for i in range(80)],
    "label": [("shoe", "pot")[i % 4 // 2] for i in range(80)],
}})
study = rb.Study(shop, name="shop", matrix={{"vectorizer": "tfidf", "model": "linear_svc"}})
study.add("mine", make_pipeline(Twice(), TfidfVectorizer(), LinearSVC()))
study.add("plain", make_pipeline(TfidfVectorizer(), LinearSVC()))
board = rb.run(study, progress=False, jobs=1)
print([(one.name, one.status) for one in sorted(board, key=lambda one: one.name)])
print("created", board["mine"].record.provenance.created)
board["plain"].export("plain.joblib")
try:
    board["mine"].export("mine.joblib")
except rb.UserError as error:
    print(error)
'''


def write(folder, times=2):
    (folder / "script.py").write_text(SCRIPT.format(times=times), encoding="utf-8")


def python(*words):
    done = subprocess.run(
        (sys.executable, *words), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_what_a_script_defines_runs_in_workers_and_again_only_if_changed(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    write(tmp_path)
    first = python("script.py")
    write(tmp_path, times="2  # two")
    same = python("script.py")
    write(tmp_path, times=3)
    changed = python("script.py")
    Path("new.csv").write_text("title\nold shoe\n")
    predicted = python("-m", "rakuten_bench", "predict", "plain.joblib", "new.csv")

    assert first.startswith("[('', 'ok'), ('mine', 'ok'), ('plain', 'ok')]")
    assert "uses 'Twice', 'twice', defined in a script or notebook" in first
    assert same == first
    assert changed != first
    assert "shoe" in predicted


@pytest.fixture
def study():
    table = pd.DataFrame({"title": ["a shoe", "a pot"] * 10, "label": ["s", "p"] * 10})
    return rb.Study(
        table, name="shop", matrix={"vectorizer": "tfidf", "model": "logreg"}
    )


def test_an_added_estimator_is_a_scenario_of_its_name(study):
    code = study.add("ours", make_pipeline(TfidfVectorizer(), LinearSVC()))
    other = study.add("our own", LinearSVC(), input="features", vectorizer="count")

    assert [one.name for one in study.scenarios] == ["", "ours", "our own"]
    assert code != other
    assert study.to_frame().loc[code, "model"] == "estimator(path=ours.estimator)"


def test_one_of_the_same_name_is_replaced(study):
    first = study.add("ours", LogisticRegression(), input="features")
    second = study.add("ours", LogisticRegression(C=2.0), input="features")

    assert first == second
    assert len(study) == 2


def test_the_text_of_an_estimator_depends_on_its_parameters_only():
    def facts(estimator):
        lines = write_module(estimator).splitlines()
        return [line for line in lines if not line.startswith('"""')]

    one = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LinearSVC(C=2.0))
    same = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LinearSVC(C=2.0))
    other = make_pipeline(TfidfVectorizer(ngram_range=(1, 3)), LinearSVC(C=2.0))

    assert facts(one) == facts(same)
    assert facts(one) != facts(other)
    assert facts(TfidfVectorizer(tokenizer=lambda text: text.split())) != facts(
        TfidfVectorizer(tokenizer=lambda text: text.split(","))
    )


@pytest.mark.parametrize(
    ("estimator", "levers", "message"),
    [
        (3, {}, "add 'ours': 'int' gives no estimator: TypeError"),
        (LinearSVC(), {"model": "logreg"}, "the model is the estimator"),
        (
            LinearSVC(),
            {"vectorizer": "tfidf"},
            "vectorizer 'tfidf' would have no effect",
        ),
        (LinearSVC(), {"vectoriser": "tfidf"}, "unknown lever 'vectoriser'"),
        (LinearSVC(), {"input": "frame"}, "expected 'text' or 'rows' or 'features'"),
    ],
)
def test_what_cannot_be_added_is_refused_in_one_message(
    study, estimator, levers, message
):
    with pytest.raises(rb.UserError, match=message):
        study.add("ours", estimator, **levers)


def test_an_object_that_cannot_be_sent_is_refused(study):
    with (
        Path(__file__).open(encoding="utf-8") as file,
        pytest.raises(rb.UserError, match=r"add 'ours': .* cannot pickle"),
    ):
        study.add("ours", LogisticRegression(class_weight=file))
