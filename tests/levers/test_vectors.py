"""Vectorizers and reducers besides TF-IDF: hashing, ratios, frequent words, SVD."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils.estimator_checks import parametrize_with_checks

from rakuten_bench import registry
from rakuten_bench.corpus import Corpus
from rakuten_bench.corpus.encoded import encode
from rakuten_bench.errors import UserError
from rakuten_bench.estimator.reduction import LogCountRatio, NarrowKBest, NarrowSVD

DOCS = [["un", "lit", "un"], ["lit", "rouge"], [], ["chat", "un", "lit", "rouge"]]


def corpus_of(docs, n_blocks=1):
    vocabulary, tokens, offsets = encode(docs)
    n_rows = len(docs) // n_blocks
    names = tuple(f"block{number}" for number in range(n_blocks))
    extra = np.empty((n_rows, 0))
    return Corpus(vocabulary, tokens, offsets, names, (1.0,) * n_blocks, extra)


def make(lever, name, **params):
    return lever.find("text", name).make(params=params, random_state=0)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("norm", ["l1", "l2", None])
def test_hashed_columns_are_scikit_learns(binary, norm):
    settings = {"ngram_range": (1, 2), "n_features": 16, "binary": binary, "norm": norm}
    peer = HashingVectorizer(
        **settings, tokenizer=str.split, token_pattern=None, alternate_sign=False
    )

    found = make(
        registry.VECTORIZER, "hashing", **settings, dtype="float64"
    ).fit_transform(corpus_of(DOCS))

    expected = peer.transform([" ".join(doc) for doc in DOCS])
    np.testing.assert_allclose(found.toarray(), expected.toarray(), atol=1e-12)


def test_words_and_characters_stand_side_by_side():
    vectorizer = make(registry.VECTORIZER, "tfidf_word_char", ngram_range=(1, 1))

    vectorizer.fit(corpus_of(DOCS))

    names = vectorizer.get_feature_names_out().tolist()
    assert names[:4] == ["block0: chat", "block0: lit", "block0: rouge", "block0: un"]
    assert "block0: lit " in names


def test_texts_without_a_word_are_refused_clearly():
    with pytest.raises(UserError, match="no term is left in 2 training rows"):
        make(registry.VECTORIZER, "tfidf").fit(corpus_of([[], []]))


def test_the_ratio_of_two_classes_is_that_of_the_paper():
    X = csr_matrix(np.array([[2.0, 0, 1], [3, 1, 0], [0, 4, 1]]))
    y = np.array([0, 0, 1])
    p, q = np.array([2, 1, 1]) + 1, np.array([0, 1, 1]) + 1
    r = np.log((p / p.sum()) / (q / q.sum()))

    found = make(registry.REDUCER, "nbsvm").fit(X, y)

    np.testing.assert_allclose(found.ratio_, [r, -r])
    np.testing.assert_allclose(found.transform(X).toarray(), X.toarray() * np.abs(r))
    assert X.max() == 4  # what came in stays as it was


def test_of_several_classes_the_strongest_ratio_counts():
    X = csr_matrix(np.eye(3).repeat(20, axis=0))
    y = np.arange(3).repeat(20)

    found = make(registry.REDUCER, "nbsvm").fit(X, y)

    assert (found.scale_ == np.abs(found.ratio_).max(axis=0)).all()
    assert (found.ratio_.argmax(axis=0) == np.arange(3)).all()


def test_words_frequent_in_every_class_are_left_out_and_no_others():
    docs = [["tous", "a"], ["tous", "a"], ["tous", "b"], ["b"]]
    frequent = make(registry.STOPWORDS, "corpus", share=0.5).fit(
        corpus_of(docs), np.array([0, 0, 1, 1])
    )

    kept = frequent.transform(corpus_of([["tous", "a", "neuf"]]))

    assert frequent.words_.words() == ["tous"]
    assert kept.documents() == [["a", "neuf"]]


def test_a_word_counts_once_for_a_row_in_any_block():
    docs = [["a", "a"], [], ["b"], ["b"], ["a"], [], ["b"], []]  # 4 rows, two blocks
    y = np.array([5, 5, 9, 9])  # codes need not begin at 0

    frequent = make(registry.STOPWORDS, "corpus", share=0.6).fit(corpus_of(docs, 2), y)

    assert frequent.words_.words() == []


@pytest.mark.parametrize(("name", "size"), [("svd", "n_components"), ("chi2", "k")])
def test_more_columns_than_there_are_is_said_and_not_an_error(name, size):
    X = csr_matrix(np.random.default_rng(0).random((6, 4)))
    reducer = make(registry.REDUCER, name, **{size: 10})

    found = reducer.fit_transform(X, np.array([0, 1] * 3))

    assert found.shape == (6, 4)
    assert reducer.transform(X[:2]).shape == (2, 4)
    assert "10" in reducer.notes_[0]
    assert reducer.get_params()[size] == 10


def test_the_best_columns_are_kept():
    X = csr_matrix(np.array([[1.0, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1]]))
    reducer = make(registry.REDUCER, "chi2", k=2)

    found = reducer.fit_transform(X, np.array([0, 0, 1, 1]))

    assert found.toarray().tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    assert reducer.notes_ == ()


@parametrize_with_checks([LogCountRatio(), NarrowKBest(), NarrowSVD()])
def test_a_reducer_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)
