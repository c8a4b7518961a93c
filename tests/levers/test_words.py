"""The effect of single options on a text: cleaning, tokens, stop words, stems."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from rakuten_bench import registry
from rakuten_bench.errors import UserError
from user_models import write_pipeline, write_stop_words

TEXT = "L'Été, un LIT neuf: 60x120cm! (prix 3,50 €) à côté"


def make(lever, name, *data, given=None, **params):
    option = lever.find("text", name)
    try:
        option.versions()
    except UserError as error:
        pytest.skip(str(error))
    return option.make(*data, params=params, **(given or {}))


def cut(name, text, **params):
    (tokens,) = make(
        registry.TOKENIZER, name, [text], given={"language": "fr"}, **params
    )
    return tokens


def test_the_regex_tokenizer_is_scikit_learns():
    assert cut("regex", TEXT) == CountVectorizer().build_analyzer()(TEXT)


def test_the_wordpunct_tokenizer_is_nltks():
    from nltk.tokenize import wordpunct_tokenize

    assert cut("wordpunct", TEXT, lowercase=False) == wordpunct_tokenize(TEXT)


EXPECTED = {
    "split": ["l'été,", "un", "lit", "neuf:"],
    "regex": ["été", "un", "lit", "neuf"],
    "wordpunct": ["l", "'", "été", ",", "un", "lit", "neuf", ":"],
    "toktok": ["l", "'", "été", ",", "un", "lit", "neuf", ":"],
    "word_tokenize": ["l'été", ",", "un", "lit", "neuf", ":"],
    "spacy": ["l'", "été", ",", "un", "lit", "neuf", ":"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_tokenizer_cuts_in_its_own_way_and_makes_letters_small(name):
    assert cut(name, "L'Été, un LIT neuf:") == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_tokenizer_keeps_upper_case_if_set(name):
    assert "LIT" in cut(name, TEXT, lowercase=False)


def test_words_of_several_lines_are_cut_line_by_line():
    assert cut("word_tokenize", "Un lit.\nDeux.") == ["un", "lit", ".", "deux", "."]


@pytest.mark.parametrize("language", ["xx", "zz", "ja"])
def test_spacy_cuts_a_language_that_it_can_not_load_by_plain_rules(language):
    (tokens,) = make(
        registry.TOKENIZER, "spacy", ["lit (neuf)"], given={"language": language}
    )

    assert tokens == ["lit", "(", "neuf", ")"]


@pytest.mark.parametrize(
    ("pattern", "message"), [("(", "is not valid"), ("(a)(b)", "has 2 groups")]
)
def test_a_pattern_that_can_not_cut_is_refused(pattern, message):
    with pytest.raises(UserError, match=message):
        cut("regex", "a", pattern=pattern)


def clean(name, text, **params):
    (cleaned,) = make(registry.CLEANER, name, [text], **params)
    return " ".join(cleaned.split())


def test_html_goes_and_entities_become_letters():
    html = "<style>p {x}</style><p class='a'>Lit&nbsp;b&eacute;b&eacute;<br/>2 < 3</p>"

    assert clean("html", html) == "Lit bébé 2 < 3"


def test_the_full_cleaner_leaves_plain_words():
    assert clean("full", TEXT) == "l ete un lit neuf x cm prix a cote"


KEPT = {
    "accents": "l été un lit neuf x cm prix à côté",
    "numbers": "l ete un lit neuf 60x120cm prix 3 50 a cote",
    "punctuation": "l'ete, un lit neuf: x cm! (prix , €) a cote",
}


@pytest.mark.parametrize("name", KEPT)
def test_the_full_cleaner_keeps_the_given_characters(name):
    assert clean("full", TEXT, **{name: True}) == KEPT[name]


def test_the_full_cleaner_drops_short_words():
    assert clean("full", TEXT, min_length=4) == "neuf prix cote"


def test_misread_encodings_are_mended():
    assert clean("full", "dÃ©cor d\x92Ã©tÃ© Â·", accents=True) == "décor d été"


def stop(name, language):
    try:
        return make(registry.STOPWORDS, name, given={"language": language})
    except UserError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["spacy", "iso", "nltk"])
def test_stop_words_belong_to_the_language(name):
    assert {"le", "une"} <= stop(name, "fr")
    assert {"the", "of"} <= stop(name, "en")
    assert "the" not in stop(name, "fr")


@pytest.mark.parametrize("name", ["spacy", "iso", "nltk"])
@pytest.mark.parametrize("language", ["", "zz"])
def test_a_language_without_a_list_keeps_every_word(name, language):
    assert stop(name, language) == frozenset()


def test_nltk_without_its_data_explains_how_to_get_it(monkeypatch):
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])

    with pytest.raises(UserError, match=r"python -m nltk\.downloader stopwords"):
        make(registry.STOPWORDS, "nltk", given={"language": "sl"})


def test_nltk_reads_the_data_that_the_user_has(monkeypatch, tmp_path):
    import nltk
    from nltk.corpus import LazyCorpusLoader, WordListCorpusReader

    folder = write_stop_words(tmp_path, french=["le", "la"])
    monkeypatch.setattr(nltk.data, "path", [folder])
    fresh = LazyCorpusLoader("stopwords", WordListCorpusReader, r"(?!README|\.).*")
    monkeypatch.setattr(nltk.corpus, "stopwords", fresh)

    assert stop("nltk", "fr") == {"le", "la"}
    assert stop("nltk", "de") == frozenset()


def test_nltks_data_are_searched_in_nltks_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("NLTK_DATA", os.pathsep.join(("~/mine", str(tmp_path))))
    ask = "import nltk.data; print(*nltk.data.path, sep='\\n')"

    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, check=True)

    folders = asked.stdout.decode().split("\n")[:-1]
    assert registry.STOPWORDS.find("text", "nltk").find_files({}) == tuple(
        f"{folder}/corpora/{name}"
        for folder in folders
        for name in ("stopwords", "stopwords.zip")
    )


def normalize(name, tokens, language="fr", **params):
    return make(
        registry.NORMALIZER, name, tokens, given={"language": language}, **params
    )


@pytest.mark.parametrize("name", ["stem_snowball", "stem_nltk"])
def test_stems_are_snowballs(name):
    assert normalize(name, ["chaises", "continuellement"]) == ["chais", "continuel"]
    assert normalize(name, ["chairs"], "en") == ["chair"]


def test_both_stemmers_agree_on_words_without_an_apostrophe():
    words = ["jardins", "maisons", "brodées", "housses", "vendues", "neuve", "animaux"]

    assert normalize("stem_snowball", words) == normalize("stem_nltk", words)


@pytest.mark.parametrize("name", ["lemma_lookup", "lemma_simplemma"])
def test_lemmas_are_words_and_small_letters_stay_small(name):
    assert normalize(name, ["piscines", "maisons"]) == ["piscine", "maison"]
    assert normalize(name, ["häuser"], "de") == ["haus"]


@pytest.mark.parametrize(
    "name",
    ["stem_snowball", "stem_nltk", "lemma_lookup", "lemma_simplemma", "lemma_spacy"],
)
def test_words_of_a_language_without_rules_stay_as_they_are(name):
    assert normalize(name, ["chaises", "ab"], "zz") == ["chaises", "ab"]


def test_a_missing_pipeline_explains_how_to_get_it():
    with pytest.raises(UserError, match="python -m spacy download fr_no_such"):
        normalize("lemma_spacy", ["a"], pipelines=("fr_no_such",))


def test_a_pipeline_in_a_folder_gives_each_word_its_lemma(tmp_path):
    pipeline = write_pipeline(tmp_path, "en", {"chairs": "Chair"})

    found = normalize("lemma_spacy", ["chairs", "o'clock"], "en", pipelines=(pipeline,))

    assert found == ["chair", "o'clock"]


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"title": ["Lit 90", "Lot"], "description": ["Un lit, 2 m.", ""]}
    )


def read_fields(name, frame, **params):
    return make(registry.FIELDS, name, frame, **params)


def test_fields_take_the_columns_they_name(frame):
    assert read_fields("title", frame).columns == (["Lit 90", "Lot"],)
    assert read_fields("description", frame).columns == (["Un lit, 2 m.", ""],)
    assert read_fields("merged", frame).columns == (["Lit 90 Un lit, 2 m.", "Lot "],)
    assert read_fields("blocks", frame).columns == (
        ["Lit 90", "Lot"],
        ["Un lit, 2 m.", ""],
    )


def test_a_missing_description_falls_back_on_the_title_if_set(frame):
    texts = read_fields("description", frame, fallback=True)

    assert texts.columns == (["Un lit, 2 m.", "Lot"],)


def test_blocks_have_weights_and_flag_a_missing_description(frame):
    texts = read_fields("blocks", frame, description_weight=0.5)

    assert texts.blocks == ("title", "description")
    assert texts.weights == (1.0, 0.5)
    assert texts.extra.tolist() == [[0.0], [1.0]]


def test_measures_are_lengths_and_shares(frame):
    texts = read_fields("title", frame, measures=True)

    length, words, digits, capitals, signs = texts.extra[0, :5]
    assert np.expm1(length) == pytest.approx(6)
    assert np.expm1(words) == pytest.approx(2)
    assert (digits, capitals, signs) == pytest.approx((2 / 6, 1 / 6, 0))
    assert texts.extra[0, 9] == pytest.approx(2 / 12)  # signs of the description
    assert texts.extra[1, 5:].tolist() == [0.0] * 5  # no description: no division
