"""The Flipkart sample, if a copy is available; else the message with advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from rakuten_bench.data import build_split, load_dataset, parse_dataset, parse_split
from rakuten_bench.data.flipkart import FILE, FOLDER_VARIABLE
from rakuten_bench.errors import UserError


def write_copy(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_text(
        "uniq_id,product_name,product_category_tree,image,description\n"
        'a1,Watch,"[""Watches >> Wrist Watches >> W""]",a1.jpg,round\n'
        'b2,Mug,"[""Kitchen & Dining >> Mugs""]",b2.jpg,\n'
    )


def test_the_sample_has_seven_classes_of_150_rows(flipkart_folder):
    dataset = load_dataset(parse_dataset("flipkart"), data_dir=flipkart_folder)

    assert dataset.frame["label"].value_counts().tolist() == [150] * 7
    assert (dataset.frame["title"] != "").all()
    assert set(dataset.frame["language"]) == {"en"}


def test_three_named_images_of_the_sample_are_absent(flipkart_folder):
    frame = load_dataset(parse_dataset("flipkart"), data_dir=flipkart_folder).frame

    absent = [path for path in frame["image_path"] if not Path(path).is_file()]

    assert len(absent) == 3
    assert (frame["image_path"] != "").all()


def test_five_folds_of_the_sample_are_even(flipkart_folder):
    dataset = load_dataset(parse_dataset("flipkart"), data_dir=flipkart_folder)

    split = build_split(dataset, parse_split({"kfold": {"n_splits": 5}}))

    assert [len(fold.test) for fold in split.folds] == [210] * 5


def test_the_category_is_the_first_level_of_the_tree(tmp_path: Path):
    write_copy(tmp_path)

    dataset = load_dataset(parse_dataset("flipkart"), data_dir=tmp_path)

    assert dataset.classes == ("Kitchen & Dining", "Watches")
    assert dataset.frame["id"].tolist() == ["a1", "b2"]


def test_the_environment_names_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    write_copy(tmp_path / "flipkart")
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("RAKUTEN_BENCH_DATA", str(tmp_path))

    assert len(load_dataset(parse_dataset("flipkart")).frame) == 2


def test_an_absent_copy_is_reported_with_what_to_do(tmp_path: Path):
    with pytest.raises(UserError, match=r"not found .*--data-dir.*'openmoji'"):
        load_dataset(parse_dataset("flipkart"), data_dir=tmp_path)
