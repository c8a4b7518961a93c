"""The encoded corpus is equivalent to lists of tokens."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rakuten_bench.corpus import Corpus, Vocabulary
from rakuten_bench.corpus.encoded import encode
from rakuten_bench.types import Languages

words = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x1F6FF, exclude_categories=["Zs"]),
    min_size=1,
    max_size=8,
)
documents = st.lists(st.lists(words, max_size=6), min_size=1, max_size=6)


def corpus_of(*blocks, extra=None):
    """Encode token lists, one list of documents for each block."""
    vocabulary, tokens, offsets = encode([doc for block in blocks for doc in block])
    n_rows = len(blocks[0])
    return Corpus(
        vocabulary,
        tokens,
        offsets,
        tuple(f"block{number}" for number in range(len(blocks))),
        (1.0,) * len(blocks),
        np.empty((n_rows, 0)) if extra is None else np.asarray(extra, float),
    )


def languages_of(*codes):
    known = sorted(set(codes))
    row = np.array([known.index(code) for code in codes], np.int16)
    return Languages(tuple(known), row, np.ones(len(codes), bool))


@given(documents)
def test_encoding_and_reading_back_gives_the_same_tokens(docs):
    assert corpus_of(docs).documents() == docs


@given(documents)
def test_ids_are_in_the_order_of_spelling(docs):
    corpus = corpus_of(docs)

    assert corpus.vocabulary.words() == sorted({word for doc in docs for word in doc})


def test_empty_tokens_are_left_out_and_empty_documents_stay():
    corpus = corpus_of([["", "a", ""], [], [""]])

    assert corpus.documents() == [["a"], [], []]


def test_a_token_can_not_hold_a_space_so_that_pairs_stay_apart():
    corpus = corpus_of([["a b", "a\x01b", "a_b"]])

    assert corpus.documents() == [["a_b", "a_b", "a_b"]]


def test_lone_surrogates_and_rare_letters_survive():
    odd = ["\ud800", "\U0001d4b3", "İ", "e\u0301"]

    assert corpus_of([odd]).documents() == [odd]


@given(documents, st.data())
def test_taking_rows_takes_them_from_every_block(docs, data):
    other = [doc[::-1] for doc in docs]
    rows = data.draw(st.lists(st.integers(0, len(docs) - 1)))
    corpus = corpus_of(docs, other, extra=np.arange(len(docs))[:, None])

    taken = corpus.take(np.array(rows, np.int64))

    assert taken.documents(0) == [docs[row] for row in rows]
    assert taken.documents(1) == [other[row] for row in rows]
    assert taken.extra[:, 0].tolist() == rows
    assert len(taken) == len(rows)


def test_words_are_dropped_by_the_language_of_their_row():
    docs = [["le", "pain"], ["Le", "bread"], ["the", "bread"]]
    corpus = corpus_of(docs, docs)
    stop = {"fr": frozenset({"le"}), "en": frozenset({"the"})}

    kept = corpus.drop_words(languages_of("fr", "en", "en"), stop.__getitem__)

    expected = [["pain"], ["Le", "bread"], ["bread"]]
    assert kept.documents(0) == kept.documents(1) == expected


def test_stop_words_are_found_in_any_case():
    kept = corpus_of([["Le", "LE", "pain"]]).drop_words(
        languages_of("fr"), lambda _: frozenset({"le"})
    )

    assert kept.documents() == [["pain"]]


def test_each_distinct_word_of_a_language_is_rewritten_once():
    calls = []

    def change(tokens, language):
        calls.append((language, tokens))
        return [f"{token[0]}{language}" for token in tokens]

    corpus = corpus_of([["bb", "ab", "bb"], ["bb"], ["ac"]])
    rewritten = corpus.rewrite(languages_of("fr", "en", "fr"), change)

    assert rewritten.documents() == [["bfr", "afr", "bfr"], ["ben"], ["afr"]]
    assert calls == [("en", ["bb"]), ("fr", ["ab", "ac", "bb"])]
    assert rewritten.vocabulary.words() == ["afr", "ben", "bfr"]


def test_a_word_rewritten_to_nothing_is_dropped():
    corpus = corpus_of([["a", "b"], ["a"]])

    rewritten = corpus.rewrite(
        languages_of("fr", "fr"),
        lambda tokens, _: [token.strip("a") for token in tokens],
    )

    assert rewritten.documents() == [["b"], []]


@given(documents, documents)
def test_a_vocabulary_finds_the_words_of_another(docs, others):
    here, there = corpus_of(docs).vocabulary, corpus_of(others).vocabulary

    place = here.find(there)

    known = here.words()
    assert [known[at] if at >= 0 else None for at in place] == [
        word if word in known else None for word in there.words()
    ]


def test_a_corpus_pickles_and_maps_from_disk(tmp_path):
    corpus = corpus_of([["un", "chat"], ["chat"]], extra=[[1.0], [2.0]])
    joblib.dump(corpus, tmp_path / "corpus")

    mapped = joblib.load(tmp_path / "corpus", mmap_mode="r")

    assert isinstance(mapped.tokens, np.memmap)
    assert mapped.take(np.array([1])).documents() == [["chat"]]
    assert pickle.loads(pickle.dumps(corpus)).documents() == corpus.documents()


def test_a_large_vocabulary_is_not_read_to_be_loaded(tmp_path):
    vocabulary = Vocabulary.of([f"{number:06}" for number in range(300_000)])
    joblib.dump(vocabulary, tmp_path / "vocabulary")

    mapped = joblib.load(tmp_path / "vocabulary", mmap_mode="r")

    assert isinstance(mapped.characters, np.memmap)
    assert len(mapped) == 300_000
    assert mapped.take(np.array([7, 299_999])).words() == ["000007", "299999"]


@pytest.mark.parametrize("n_blocks", [1, 2])
def test_a_corpus_without_rows_is_empty_everywhere(n_blocks):
    corpus = corpus_of(*[[["a"]]] * n_blocks).take(np.empty(0, np.int64))

    assert len(corpus) == 0
    assert corpus.documents() == []
