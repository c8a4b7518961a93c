"""Detected languages, rows excluded from training only, and translated texts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from rakuten_bench import registry
from rakuten_bench.errors import Notice, UserError
from rakuten_bench.levers.detector import apply as detect
from rakuten_bench.levers.detector import sample
from rakuten_bench.levers.language import apply
from rakuten_bench.levers.language.translation import BATCH, translate_table
from rakuten_bench.types import Languages
from user_models import write_translation

GIVEN = {"random_state": 0, "n_jobs": 1, "device": "cpu"}
SENTENCES = {
    "fr": "Une chaise en bois pour le jardin et la terrasse",
    "en": "A wooden chair for the garden and the house",
    "de": "Ein Stuhl aus Holz für den Garten und das Haus",
    "it": "Una sedia di legno per il giardino e la casa",
}


def frame_of(titles, descriptions=None, languages=None):
    return pd.DataFrame(
        {
            "title": titles,
            "description": descriptions or [""] * len(titles),
            "language": languages or [""] * len(titles),
        }
    )


def codes_of(languages):
    return [languages.codes[code] for code in languages.row]


def languages_of(*codes):
    known = tuple(sorted(set(codes)))
    row = np.array([known.index(code) for code in codes], np.int16)
    return Languages(known, row, np.ones(len(codes), bool))


def option(lever, name):
    found = lever.find("text", name)
    try:
        found.versions()
    except UserError as error:
        pytest.skip(str(error))
    return found


DETECTORS = ["py3langid", "langid", "langdetect", "fasttext", "lingua", "eldc"]


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_distinguishes_plain_sentences(name):
    detector = option(registry.DETECTOR, name)

    found = detect(detector, {}, {"frame": frame_of([*SENTENCES.values(), ""])}, GIVEN)

    assert codes_of(found) == [*SENTENCES, ""]
    assert found.trained.all()


@pytest.mark.parametrize("name", ["py3langid", "fasttext", "eldc"])
def test_a_detector_chooses_among_the_given_languages(name):
    detector = option(registry.DETECTOR, name)
    frame = frame_of([SENTENCES["it"]])

    found = detect(detector, {"languages": ("fr", "en")}, {"frame": frame}, GIVEN)

    assert codes_of(found)[0] in {"fr", "en"}


@pytest.mark.parametrize("name", ["py3langid", "langdetect", "fasttext", "eldc"])
def test_a_detector_refuses_a_language_that_it_does_not_know(name):
    detector = option(registry.DETECTOR, name)
    params = {"languages": ("fr", "klingon")}

    with pytest.raises(
        UserError, match=f"detector '{name}': unknown language 'klingon'"
    ):
        detect(detector, params, {"frame": frame_of(["a"])}, GIVEN)


def test_no_detector_takes_the_language_of_the_data_set():
    frame = frame_of(["a", "b", "c"], languages=["de", "", "de"])

    found = detect(option(registry.DETECTOR, "off"), {}, {"frame": frame}, GIVEN)

    assert codes_of(found) == ["de", "", "de"]


def test_a_detector_sees_the_start_of_the_text_in_one_line_without_markup():
    frame = frame_of(["Lit\tb&eacute;b&eacute;"], ["<p>en\nbois</p>" + "x" * 1000])

    (text,) = sample(frame)

    assert text.startswith("Lit bébé en bois xxx")
    assert len(text) == 300


DETECTED = ("fr", "en", "de", "", "ja")
EXPECTED = {
    # option: whose resources each row gets, and which rows are learned from
    "off": (["fr", "fr", "fr", "fr", "fr"], [True, True, True, True, True]),
    "fr": (["fr", "fr", "fr", "fr", "fr"], [True, False, False, False, False]),
    "fr_en": (["fr", "en", "fr", "fr", "fr"], [True, True, False, False, False]),
    "major": (["fr", "en", "de", "fr", "fr"], [True, True, True, False, False]),
    "max": (["fr", "en", "de", "fr", "ja"], [True, True, True, True, True]),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_language_option_gives_resources_and_drops_training_rows(name):
    slots = {"languages": languages_of(*DETECTED)}

    found = apply(option(registry.LANGUAGE, name), {}, slots, GIVEN)

    assert (codes_of(found), found.trained.tolist()) == EXPECTED[name]


def shout(texts, source):
    return [f"{source}:{text.upper()}" for text in texts]


def test_only_foreign_texts_are_translated_and_all_count_as_french():
    frame = frame_of(
        ["un lit", "a bed", "a bed", "?"], ["", "for <b>two</b>. New", "", ""]
    )

    done = translate_table(languages_of("fr", "en", "en", ""), frame, shout, None)

    assert done["frame"]["title"].tolist() == ["un lit", "en:A BED", "en:A BED", "?"]
    assert done["frame"]["description"].tolist() == ["", "en:FOR TWO . en:NEW", "", ""]
    assert codes_of(done["languages"]) == ["fr"] * 4
    assert done["languages"].trained.all()


def test_a_stopped_translation_resumes(tmp_path):
    titles = [f"bed number {number}" for number in range(2 * BATCH + 5)]
    frame, languages = frame_of(titles), languages_of(*["en"] * len(titles))
    asked = []

    def break_down(texts, source):
        if len(asked) >= BATCH:
            raise KeyboardInterrupt
        asked.extend(texts)
        return shout(texts, source)

    with pytest.raises(KeyboardInterrupt):
        translate_table(languages, frame, break_down, tmp_path)
    with (tmp_path / "translations.jsonl").open("a") as file:
        file.write('\n["en", "bed number 9')  # the stop cut a line off
    again = []
    done = translate_table(
        languages,
        frame,
        lambda texts, source: again.extend(texts) or shout(texts, source),
        tmp_path,
    )

    assert asked + again == titles
    assert done["frame"]["title"].tolist() == shout(titles, "en")


def test_a_finished_translation_asks_for_nothing(tmp_path):
    frame, languages = frame_of(["a bed"]), languages_of("en")
    translate_table(languages, frame, shout, tmp_path)

    done = translate_table(languages, frame, lambda *_: pytest.fail("asked"), tmp_path)

    assert done["frame"]["title"].tolist() == ["en:A BED"]


def test_translation_without_a_model_is_refused_with_advice(monkeypatch, tmp_path):
    monkeypatch.setenv("RAKUTEN_BENCH_TRANSLATION", str(tmp_path))
    slots = {"languages": languages_of("fr", "en"), "frame": frame_of(["un", "a"])}

    with pytest.raises(UserError, match=r"no model found .* Name the folder .*en-fr"):
        apply(option(registry.LANGUAGE, "translate"), {}, slots, GIVEN)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return write_translation(tmp_path_factory.mktemp("models"), "en")


def test_a_model_of_the_user_translates_and_other_languages_stay(models, tmp_path):
    translate = option(registry.LANGUAGE, "translate")
    slots = {
        "languages": languages_of("fr", "en", "de"),
        "frame": frame_of(["une table", "a red table", "ein Tisch"]),
    }

    with pytest.warns(Notice, match="no model for de"):
        done = apply(
            translate, {"models": models}, slots, {**GIVEN, "folder": tmp_path}
        )

    titles = done["frame"]["title"].tolist()
    assert titles[0] == "une table"
    assert titles[1] not in {"a red table", ""}
    assert titles[2] == "ein Tisch"
    (first, *_) = (tmp_path / "translations.jsonl").read_text().split("\n")[1:]
    assert json.loads(first) == ["en", "a red table", titles[1]]
