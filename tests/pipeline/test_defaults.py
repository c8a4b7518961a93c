"""A scenario that names only vectorizer and model is what scikit-learn users expect."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from rakuten_bench import build
from rakuten_bench.data import DatasetSpec, load_dataset
from rakuten_bench.deploy.explain import feature_names
from rakuten_bench.scenario import from_words


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Return the embedded data set's titles and labels."""
    cache = tmp_path_factory.mktemp("cache")
    frame = load_dataset(DatasetSpec("openmoji"), cache=cache).frame
    odd = ["C'est l'été", "A-B_c 12 don't", "ÉTÉ été Été"]
    frame.loc[frame.index[: len(odd)], "title"] = odd
    return frame[["title"]], frame["label"].to_numpy()


@pytest.mark.parametrize(
    ("words", "peer"),
    [
        (
            {"vectorizer": "tfidf", "model": "linear_svc"},
            make_pipeline(TfidfVectorizer(), LinearSVC()),
        ),
        (
            {"vectorizer": "tfidf", "model": "logreg"},
            make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)),
        ),
        (
            {"vectorizer": "count", "model": "multinomial_nb"},
            make_pipeline(CountVectorizer(), MultinomialNB()),
        ),
    ],
)
def test_vectorizer_and_model_alone_equal_scikit_learns(rows, words, peer):
    frame, labels = rows
    train = np.arange(len(frame)) % 4 > 0
    ours = build(from_words(words)).fit(frame[train], labels[train])
    theirs = peer.fit(frame["title"][train], labels[train])

    same = ours.predict(frame[~train]) == theirs.predict(frame["title"][~train])

    assert same.mean() > 0.995, f"{(~same).sum()} of {same.size} labels differ"


def test_the_vocabulary_is_scikit_learns(rows):
    frame, labels = rows
    scenario = from_words({"vectorizer": "count", "model": "multinomial_nb"})
    model = build(scenario).fit(frame, labels)

    vectorizer = CountVectorizer().fit(frame["title"])

    assert {name.removeprefix("text: ") for name in feature_names(model)} == set(
        vectorizer.get_feature_names_out()
    )
