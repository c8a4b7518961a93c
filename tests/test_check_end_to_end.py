"""The gate on scenarios that really run: from a file to an exit code."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from rakuten_bench.cli import rakuten_bench

pytestmark = pytest.mark.slow

WORDS = {
    "book": [
        "roman",
        "livre",
        "auteur",
        "tome",
        "histoire",
        "edition",
        "poche",
        "page",
    ],
    "game": [
        "jeu",
        "console",
        "manette",
        "joueur",
        "niveau",
        "carte",
        "figurine",
        "de",
    ],
    "garden": [
        "piscine",
        "jardin",
        "tondeuse",
        "arrosage",
        "table",
        "parasol",
        "bois",
        "fleur",
    ],
}
STUDY = """
dataset: {{table: {{path: shop.csv, title: title, label: label}}}}
split: {split}
scenarios:
  svm: {{tokenizer: regex, vectorizer: tfidf, model: {{linear_svc: {{C: {C}}}}}}}
  majority: {{model: dummy}}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Make a folder with a catalogue of 400 products whose words overlap."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    everything = [word for words in WORDS.values() for word in words]
    with (tmp_path / "shop.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "label"])
        for row in range(400):
            label = ("book", "book", "game", "garden")[row % 4]
            words = [
                *rng.choice(WORDS[label], 3),
                *rng.choice(everything, 3),
                f"n{row}",
            ]
            writer.writerow([" ".join(words), label])
    return tmp_path


def study(folder, C=1.0, split="holdout"):
    (folder / "ci.yaml").write_text(STUDY.format(C=C, split=split))
    invoke("run", "ci.yaml", "--quiet", "--cache", "cache")


def invoke(*args):
    return CliRunner().invoke(rakuten_bench, args, catch_exceptions=False)


def test_the_gate_passes_fails_and_refuses(shop):
    study(shop)
    assert invoke("check", "--update", "--rows").exit_code == 0

    study(shop)
    same = invoke("check")
    study(shop, C=0.0001)
    worse = invoke("check")

    assert same.exit_code == 0
    assert worse.exit_code == 1
    (line,) = [line for line in worse.output.splitlines() if "regressed  " in line]
    assert "svm" in line


def test_records_of_another_split_do_not_pass_for_those_of_the_baseline(shop):
    study(shop)
    invoke("check", "--update", "--rows")
    (shop / "results" / "shop").rename(shop / "elsewhere")
    study(shop, split="{holdout: {random_state: 7}}")
    (other,) = [path.name for path in (shop / "results").glob("shop@*")]

    result = invoke("check", "--format", "json")

    assert result.exit_code == 2
    (svm, majority) = json.loads(result.stdout)["scenarios"]
    assert {svm["status"], majority["status"]} == {"not comparable"}
    assert svm["reason"] == f"no record on this split, one on another: {other}"


def test_a_baseline_of_another_split_can_not_be_compared(shop):
    study(shop)
    invoke("check", "--update")
    baseline = (shop / "results" / "baseline.json").read_text()
    study(shop, split="{holdout: {random_state: 7}}")
    (other,) = [path.name for path in (shop / "results").glob("shop@*")]

    moved = baseline.replace('"shop": {', f'"{other}": {{')
    (shop / "results" / "baseline.json").write_text(moved)
    result = invoke("check")

    assert result.exit_code == 2
    assert "not comparable" in result.output
    assert "split" in result.output
