"""Missing requirements of options are reported before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from rakuten_bench.errors import MissingPackage
from rakuten_bench.registry import LEVERS, Option
from user_models import (
    write_pipeline,
    write_stop_words,
    write_transformer,
    write_translation,
)

STUDY = """
dataset: {{table: {{path: shop.csv, title: name, label: kind}}}}
scenarios:
  one: {scenario}
  other: {{vectorizer: tfidf, model: dummy}}
"""


def find(modality: str, lever: str, name: str) -> Option:
    (found,) = (one for one in LEVERS[modality] if one.name == lever)
    return found.find(modality, name)


def test_options_that_read_user_files_report_missing_ones():
    """An option with such a file that says nothing is a surprise in the morning."""
    readers = {
        f"{modality} {lever.name} {option.name}"
        for modality, levers in LEVERS.items()
        for lever in levers
        for option in lever.options(modality)
        if option.files.parameter and not (option.lacks or option.files.check)
    }

    assert readers == set()


@pytest.mark.parametrize(
    ("modality", "lever", "name", "params", "words"),
    [
        ("text", "language", "translate", {"models": "none"}, "in 'none'"),
        ("text", "normalizer", "lemma_spacy", {"pipelines": ("xx_none",)}, "'xx_none'"),
        ("text", "vectorizer", "transformer", {"model": "no/ne"}, "'no/ne': neither"),
        ("text", "model", "transformer", {"model": "./no/ne"}, "'./no/ne': neither"),
        ("image", "feature", "backbone", {"weights": "none.pt"}, "none.pt|torchvision"),
        (
            "image",
            "model",
            "finetune",
            {"model": "timm/x", "weights_from": "none.pt"},
            "no file 'none.pt'|'timm' is not installed",
        ),
    ],
)
def test_missing_requirements_are_named(modality, lever, name, params, words):
    option = find(modality, lever, name)
    try:
        option.versions()
    except MissingPackage as error:
        pytest.skip(str(error))

    said = option.find_missing(params)

    assert any(part in said for part in words.split("|")), said


def test_met_requirements_are_not_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("NLTK_DATA", write_stop_words(tmp_path, french=["le"]))
    given = {
        ("stopwords", "nltk"): {},
        ("language", "translate"): {"models": write_translation(tmp_path, "en")},
        ("normalizer", "lemma_spacy"): {
            "pipelines": (write_pipeline(tmp_path, "en", {}),)
        },
        ("vectorizer", "transformer"): {
            "model": write_transformer(tmp_path / "bert", "red")
        },
    }

    said = {
        names: find("text", *names).find_missing(one) for names, one in given.items()
    }

    assert said == dict.fromkeys(given, "")


def test_plan_and_run_report_missing_requirements_first_and_other_scenarios_run(
    tmp_path, monkeypatch, call
):
    monkeypatch.chdir(tmp_path)
    lines = [f"{word} {n},{word}" for word in ("pot", "hat") for n in range(9)]
    Path("shop.csv").write_text("\n".join(["name,kind", *lines]))
    scenario = "{model: {transformer: {model: ./none}}}"
    Path("grid.yaml").write_text(STUDY.format(scenario=scenario))

    planned = call("plan", "grid.yaml", "--cache", "cache")
    code, board, said = call("run", "grid.yaml", "--cache", "cache", "--jobs", "1")
    again = call("run", "grid.yaml", "--cache", "cache", "--jobs", "1")

    told, why = "model transformer(model=./none)", "model './none': neither a folder"
    assert f"Can't run on this machine:\n{told}: {why}" in planned[1]
    assert f"{told} can't run on this machine: {why}" in said
    assert code == 1
    assert "failed" in board
    assert "can't run" not in again[2]  # its record says why; nothing is tried


def test_what_a_missing_nltk_data_set_is_called():
    option = find("text", "stopwords", "nltk")
    if any(Path(one).exists() for one in option.find_files({})):
        pytest.skip("NLTK's stop words are on this machine")

    assert "nltk.downloader stopwords" in option.find_missing({})
