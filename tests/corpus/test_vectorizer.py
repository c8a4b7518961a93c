"""The matrices equal scikit-learn's on the same tokens, value for value."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from rakuten_bench.corpus import Corpus
from rakuten_bench.corpus.encoded import encode
from rakuten_bench.corpus.term import Terms
from rakuten_bench.corpus.vectorizer import CorpusVectorizer, Part, Weighting
from rakuten_bench.errors import UserError

TFIDF = Weighting(use_idf=True, norm="l2")


def corpus_of(docs, extra=None):
    vocabulary, tokens, offsets = encode(docs)
    extra = np.empty((len(docs), 0)) if extra is None else np.asarray(extra, float)
    return Corpus(vocabulary, tokens, offsets, ("text",), (1.0,), extra)


def ours(analyzer, terms, weighting=TFIDF):
    return CorpusVectorizer((Part(analyzer, terms, weighting),), dtype="float64")


def theirs(analyzer, terms, weighting=TFIDF):
    """Build scikit-learn's vectorizer with the same settings."""
    settings = {
        "ngram_range": terms.ngram_range,
        "min_df": terms.min_df,
        "max_df": terms.max_df,
        "max_features": terms.max_features,
        "binary": terms.binary,
        "lowercase": False,
    }
    if analyzer == "word":
        settings |= {"tokenizer": str.split, "token_pattern": None}
    else:
        settings["analyzer"] = analyzer
    if weighting == Weighting():
        return CountVectorizer(**settings)
    return TfidfVectorizer(
        **settings,
        sublinear_tf=weighting.sublinear_tf,
        use_idf=weighting.use_idf,
        smooth_idf=weighting.smooth_idf,
        norm=weighting.norm,
    )


def assert_equal(analyzer, terms, train, test, weighting=TFIDF):
    mine, peer = ours(analyzer, terms, weighting), theirs(analyzer, terms, weighting)
    corpus = corpus_of([*train, *test])
    rows = np.arange(len(train)), np.arange(len(train), len(corpus))
    learned = mine.fit_transform(corpus.take(rows[0]))
    applied = mine.transform(corpus.take(rows[1]))
    texts = [" ".join(doc) for doc in train], [" ".join(doc) for doc in test]

    expected = peer.fit_transform(texts[0])
    names = [name.removeprefix("text: ") for name in mine.get_feature_names_out()]

    assert names == list(peer.get_feature_names_out())
    assert abs(learned - expected).max() <= 1e-12
    assert abs(applied - peer.transform(texts[1])).max() <= 1e-12
    assert learned.has_canonical_format
    assert applied.has_canonical_format


@pytest.fixture(scope="module")
def real_texts():
    """Return names of emoji in five languages: real text that is always there."""
    import emoji

    for language in ("fr", "de", "es", "it", "pt"):
        emoji.config.load_language(language)
    names = [
        entry[language].strip(":").replace("_", " ").lower()
        for entry in emoji.EMOJI_DATA.values()
        for language in ("fr", "de", "es", "it", "pt")
        if language in entry
    ]
    names = random.Random(0).sample(names, 900)
    joined = [" ".join(names[at : at + 3]) for at in range(0, 900, 3)]
    return [text.split() for text in [*joined, "", "a", "b c", "a b c d e"]]


@pytest.fixture(scope="module")
def flipkart_texts(flipkart_folder):
    from rakuten_bench.data import load_dataset, parse_dataset

    frame = load_dataset(parse_dataset("flipkart"), data_dir=flipkart_folder).frame
    texts = (frame["title"] + " " + frame["description"]).str.lower()
    return [text.split() for text in texts[:400]]


SETTINGS = {
    "plain": Terms(),
    "pairs": Terms((1, 2)),
    "triples only": Terms((3, 3)),
    "frequent": Terms((1, 3), min_df=3, max_df=0.3),
    "shares": Terms((1, 2), min_df=0.01, max_df=50),
    "most frequent": Terms((1, 2), max_features=200),
    "most frequent of frequent": Terms((2, 3), min_df=2, max_df=0.5, max_features=100),
    "binary": Terms((1, 2), max_features=150, binary=True),
}


@pytest.mark.parametrize("terms", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("analyzer", ["word", "char_wb", "char"])
def test_tfidf_of_real_text_equals_scikit_learns(real_texts, analyzer, terms):
    assert_equal(analyzer, terms, real_texts[40:], real_texts[:40])


@pytest.mark.slow
@pytest.mark.parametrize("analyzer", ["word", "char_wb", "char"])
@pytest.mark.parametrize("name", ["pairs", "most frequent of frequent"])
def test_tfidf_of_listings_equals_scikit_learns(flipkart_texts, analyzer, name):
    assert_equal(analyzer, SETTINGS[name], flipkart_texts[:300], flipkart_texts[300:])


WEIGHTINGS = {
    "counts": Weighting(),
    "sublinear": Weighting(sublinear_tf=True, use_idf=True, norm="l2"),
    "l1": Weighting(use_idf=True, norm="l1"),
    "not normed": Weighting(use_idf=True),
    "not smoothed": Weighting(use_idf=True, smooth_idf=False, norm="l2"),
    "only normed": Weighting(norm="l2"),
}


@pytest.mark.parametrize("weighting", WEIGHTINGS.values(), ids=WEIGHTINGS.keys())
@pytest.mark.parametrize("analyzer", ["word", "char_wb"])
def test_every_weighting_equals_scikit_learns(real_texts, analyzer, weighting):
    assert_equal(analyzer, Terms((1, 2)), real_texts[:200], real_texts[200:], weighting)


tokens = st.text(st.sampled_from("ab'é-7€"), min_size=1, max_size=6)
texts = st.lists(st.lists(tokens, max_size=7), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None)
@given(
    train=texts.filter(any),
    test=texts,
    analyzer=st.sampled_from(["word", "char_wb", "char"]),
    terms=st.builds(
        Terms,
        ngram_range=st.builds(
            lambda low, more: (low, low + more), st.integers(1, 3), st.integers(0, 4)
        ),
        min_df=st.integers(1, 3),
        max_df=st.sampled_from([1.0, 0.5, 3]),
        max_features=st.none() | st.integers(1, 9),
        binary=st.booleans(),
    ),
)
def test_any_text_with_any_setting_gives_what_scikit_learn_gives(
    train, test, analyzer, terms
):
    try:
        theirs(analyzer, terms).fit([" ".join(doc) for doc in train])
    except ValueError:  # nothing is left: then neither have we anything
        with pytest.raises(UserError, match=r"no term is left|is less than min_df"):
            ours(analyzer, terms).fit(corpus_of(train))
    else:
        assert_equal(analyzer, terms, train, test)


@pytest.mark.parametrize("analyzer", ["word", "char_wb", "char"])
def test_a_word_of_the_test_rows_is_nowhere_in_what_was_learned(analyzer):
    corpus = corpus_of([["pain", "beurre"], ["pain"], ["canari", "pain"]])
    vectorizer = ours(analyzer, Terms((2, 3) if analyzer != "word" else (1, 2)))

    vectorizer.fit(corpus.take(np.array([0, 1])))

    assert not any("can" in name for name in vectorizer.get_feature_names_out())
    assert all(
        part.grams.words.words() == ["beurre", "pain"]
        for part in vectorizer.fitted_[0]
        if analyzer == "word"
    )


def test_a_fitted_vectorizer_reads_a_corpus_with_another_vocabulary(real_texts):
    whole = corpus_of(real_texts)
    alone = corpus_of(real_texts[:20])
    vectorizer = CorpusVectorizer((Part("word", Terms((1, 2))), Part("char_wb")))
    vectorizer.fit(whole)

    expected = vectorizer.transform(whole)[:20]

    assert (vectorizer.transform(alone) != expected).nnz == 0


def test_parts_and_blocks_stand_side_by_side_with_their_weights():
    vocabulary, ids, offsets = encode([["a"], ["b"], ["c"], ["c", "c"]])
    corpus = Corpus(
        vocabulary, ids, offsets, ("title", "description"), (1.0, 3.0), np.empty((2, 0))
    )
    parts = (Part(), Part(weight=10.0))

    matrix = CorpusVectorizer(parts).fit(corpus).transform(corpus)

    assert matrix.toarray().tolist() == [[1, 0, 10, 0, 3, 30], [0, 1, 0, 10, 6, 60]]


def test_extra_columns_are_scaled_by_the_training_rows_and_clipped():
    corpus = corpus_of(
        [["a"]] * 4, extra=[[2.0, 5.0], [4.0, 5.0], [3.0, 5.0], [9.0, 6.0]]
    )
    vectorizer = CorpusVectorizer().fit(corpus.take(np.array([0, 1])))

    scaled = vectorizer.transform(corpus).toarray()[:, 1:]

    assert scaled.tolist() == [[0, 0], [1, 0], [0.5, 0], [1, 1]]
    assert vectorizer.get_feature_names_out().tolist() == [
        "text: a",
        "extra: 0",
        "extra: 1",
    ]


def test_a_block_that_is_empty_everywhere_adds_no_column():
    vocabulary, ids, offsets = encode([["a"], ["b"], [], []])
    corpus = Corpus(vocabulary, ids, offsets, ("t", "d"), (1.0, 1.0), np.empty((2, 0)))

    matrix = CorpusVectorizer(
        (Part("word"), Part("char", Terms((2, 3))))
    ).fit_transform(corpus)

    assert matrix.shape == (2, 2)


def test_the_dtype_is_as_given_and_float32_differs_by_rounding_only(real_texts):
    corpus = corpus_of(real_texts)
    parts = (Part("word", Terms((1, 2)), TFIDF), Part("char", Terms((2, 4)), TFIDF))

    single = CorpusVectorizer(parts, dtype="float32").fit_transform(corpus)
    double = CorpusVectorizer(parts, dtype="float64").fit_transform(corpus)

    assert single.dtype == np.float32
    assert abs(single - double).max() < 1e-6


def test_a_vectorizer_clones_and_pickles(real_texts):
    corpus = corpus_of(real_texts)
    vectorizer = ours("char_wb", Terms((3, 4), max_features=50)).fit(corpus)

    again = pickle.loads(pickle.dumps(vectorizer))

    assert (again.transform(corpus) != vectorizer.transform(corpus)).nnz == 0
    assert (clone(vectorizer).fit_transform(corpus) != again.transform(corpus)).nnz == 0


def test_an_unfitted_vectorizer_raises():
    with pytest.raises(NotFittedError, match="not fitted"):
        CorpusVectorizer().transform(corpus_of([["a"]]))
