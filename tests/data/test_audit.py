"""What an audit counts, and how the command shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from rakuten_bench.data import SplitSpec, parse_split
from rakuten_bench.data.audit import audit
from rakuten_bench.data.build import assemble
from rakuten_bench.types import Dataset

Call = Callable[..., tuple[int, str, str]]


def shop(**columns: Any) -> Dataset:
    known: dict[str, Any] = {
        "title": [f"une belle table numéro {row}" for row in range(20)],
        "label": ["table", "chaise"] * 10,
    }
    return assemble("shop", {**known, **columns}, subject="shop.csv")


@pytest.fixture
def call(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that runs `rakuten-bench data` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    return partial(call, "data")


@pytest.fixture
def shop_yaml(tmp_path: Path) -> Path:
    lines = [f"{kind} {row},{kind}" for row in range(10) for kind in ("pot", "hat")]
    (tmp_path / "shop.csv").write_text("\n".join(["name,kind", *lines]))
    file = tmp_path / "shop.yaml"
    file.write_text(
        "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
        "split: {kfold: {n_splits: 2}}\n"
        "scenarios: {majority: {model: dummy}}\n"
    )
    return file


def test_classes_are_counted_in_their_order_with_names_and_shares():
    dataset = assemble(
        "shop",
        {"label": ["10"] * 3 + ["9"]},
        subject="shop.csv",
        label_names={"10": "books"},
    )

    assert audit(dataset)["classes"] == [
        {"label": "9", "name": "", "rows": 1, "share": 0.25},
        {"label": "10", "name": "books", "rows": 3, "share": 0.75},
    ]


def test_missing_fields_are_counted_in_all_and_by_class():
    description = ["", "about"] * 10
    title = ["", "b", " "] + ["a"] * 17

    missing = audit(shop(title=title, description=description))["missing"]

    assert missing["title"]["rows"] == 2
    assert missing["description"]["rows"] == 10
    assert missing["description"]["by_class"] == {"chaise": 0.0, "table": 1.0}
    assert missing["text"]["rows"] == 2
    assert missing["image"]["share"] == 1.0


def test_lengths_are_measured_where_there_is_a_text():
    lengths = audit(shop(title=["ab cd", "<b>x</b>"] + [""] * 18))["lengths"]

    assert lengths["title"]["characters"]["max"] == 8
    assert lengths["title"]["words"]["min"] == 1
    assert lengths["title"]["html"] == 1
    assert lengths["description"]["characters"] is None


def test_languages_are_taken_as_given():
    languages = audit(shop(language=["fr"] * 15 + ["de"] * 4 + [""]))["languages"]

    assert languages == {"source": "given", "rows": {"fr": 15, "de": 4}, "unknown": 1}


def test_languages_are_guessed_where_none_is_given():
    titles = [
        "chaise de jardin en bois pour la maison",
        "wooden garden chair for the house with a cushion",
        "Gartenstuhl aus Holz für das Haus mit Kissen",
        "12345",
    ] * 5

    languages = audit(shop(title=titles))["languages"]

    assert languages["source"] == "py3langid"
    assert languages["rows"] == {"fr": 5, "en": 5, "de": 5}
    assert languages["unknown"] == 5


def test_duplicates_are_counted_within_and_across_classes():
    title = ["same", "same", "same"] + [f"thing {row}" for row in range(17)]

    duplicates = audit(shop(title=title))["duplicates"]

    assert duplicates["title"] == {
        "rows": 2,
        "share": 0.1,
        "largest": 3,
        "across_classes": 1,
    }
    assert duplicates["description"]["rows"] == 0
    assert duplicates["text"]["rows"] == 2


def test_a_text_is_never_on_both_sides_but_a_description_may_be():
    found = audit(shop(description=["the same"] * 20))["split"]

    [fold] = found["folds"]
    assert fold["train"] + fold["test"] == 20
    assert fold["test_rows_seen_in_training"] == {
        "title": 0,
        "description": 4,
        "text": 0,
        "image": 0,
    }


def test_groups_of_the_split_are_measured():
    group = ["set"] * 4 + [""] * 16

    split = audit(shop(group=group), SplitSpec("kfold", {"n_splits": 2}))["split"]

    assert split["name"] == "kfold-2"
    assert (split["groups"], split["rows_in_groups"], split["largest_group"]) == (
        17,
        4,
        4,
    )
    assert len(split["folds"]) == 2


def test_a_split_that_is_not_possible_is_said_not_raised():
    found = audit(shop(label=["lonely"] + ["table"] * 19))

    assert "class 'lonely' (1 row)" in found["split"]["error"]
    assert found["rows"] == 20


def test_absent_and_damaged_pictures_are_counted(tmp_path: Path):
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for name in ("good.jpg", "cut.jpg", "good.png", "cut.png"):
        cv2.imwrite(str(tmp_path / name), picture)
    for name in ("cut.jpg", "cut.png"):
        file = tmp_path / name
        file.write_bytes(file.read_bytes()[:-1000])
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    names = [
        "good.jpg",
        "good.png",
        "cut.jpg",
        "cut.png",
        "text.jpg",
        "empty.jpg",
        "none.jpg",
    ]
    paths = [str(tmp_path / name) for name in names] + [""] * 13

    images = audit(shop(image_path=paths))["images"]
    unopened = audit(shop(image_path=paths), images=False)["images"]

    assert images["rows"] == 7
    assert images["absent"] == {"files": 1, "first": ["none.jpg"]}
    assert images["unreadable"] == {"files": 4, "first": names[2:6]}
    assert unopened["unreadable"] is None


def test_every_value_can_be_written_as_json():
    json.dumps(audit(shop(), parse_split("train_val_test")), allow_nan=False)


def test_list_names_every_data_set_and_split(call: Call):
    code, out, _ = call("list")

    assert code == 0
    for name in ("openmoji", "rakuten", "flipkart", "table", "synthetic", "kfold"):
        assert name in out
    assert "label: required" in out


def test_list_as_json_has_parameters_with_defaults(call: Call):
    _, out, _ = call("list", "--json")

    splits = {entry["name"]: entry["parameters"] for entry in json.loads(out)["split"]}
    assert splits["holdout"] == {"test_size": 0.2, "random_state": 123}


def test_describe_prints_tables(call: Call, shop_yaml: Path):
    code, out, _ = call("describe", "--scenario-file", str(shop_yaml))

    assert code == 0
    assert out.startswith("shop: 20 rows, 2 classes")
    for words in ("50.00 %", "fold of kfold", "language (py3langid)", "title, words"):
        assert words in out


def test_describe_as_json_is_the_audit(call: Call, shop_yaml: Path):
    _, out, _ = call("describe", "--scenario-file", str(shop_yaml), "--json")

    found = json.loads(out)
    assert (found["name"], found["rows"]) == ("shop", 20)
    assert found["split"]["name"] == "kfold-2"


def test_describe_by_name_overrides_the_scenario_files_data_set(
    call: Call, shop_yaml: Path
):
    _, out, _ = call(
        "describe",
        "synthetic",
        "--scenario-file",
        str(shop_yaml),
        "--no-images",
        "--json",
    )

    assert json.loads(out)["name"] == "synthetic"


def test_describe_of_an_unknown_data_set_suggests_the_closest(call: Call):
    code, _, err = call("describe", "openmojy")

    assert code == 2
    assert "Did you mean 'openmoji'?" in err


def test_describe_without_a_name_reports_what_is_required(call: Call):
    code, _, err = call("describe")

    assert code == 2
    assert "Name a data set" in err


def test_describe_reads_the_files_of_synthesize(call: Call, tmp_path: Path):
    written, out, _ = call(
        "synthesize", "--rows", "100", "--images", "2", "--out", "made-up"
    )
    _, described, _ = call("describe", "rakuten", "--data-dir", "made-up")

    assert written == 0
    assert out == "made-up: 100 listings, 2 photos.\n"
    assert "synthetic (not real products): 100 rows, 27 classes" in described
    assert "pool and spa" in described


def test_synthesize_of_too_few_rows_is_one_message(call: Call):
    code, _, err = call("synthesize", "--rows", "10", "--out", "made-up")

    assert code == 2
    assert err == "Error: rows '10': 27 classes need 54 rows.\n"
