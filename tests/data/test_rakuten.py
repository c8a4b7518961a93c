"""The challenge's files, in every layout that users have them in."""

from __future__ import annotations

from pathlib import Path

import pytest

from rakuten_bench.data import load_dataset, parse_dataset
from rakuten_bench.data.rakuten import LABELS, SYNTHETIC_MARK, TEXTS
from rakuten_bench.errors import UserError
from rakuten_bench.types import Dataset


def write_challenge(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / TEXTS).write_text(
        ",designation,description,productid,imageid\n"
        "0,Olivia,,3804725264,1263597046\n"
        "1,Journal des arts,Paru en 1867,436067568,1008141237\n"
        "2,Piscine,<p>Bleue</p>,201115110,938777978\n",
        encoding="utf-8",
    )
    (folder / LABELS).write_text(",prdtypecode\n2,2583\n0,10\n1,2280\n")


def load(folder: Path) -> Dataset:
    return load_dataset(parse_dataset("rakuten"), data_dir=folder)


def test_labels_are_joined_by_row_id_not_by_position(tmp_path: Path):
    write_challenge(tmp_path)

    dataset = load(tmp_path)

    assert dataset.frame["id"].tolist() == ["0", "1", "2"]
    assert dataset.frame["label"].tolist() == ["10", "2280", "2583"]
    assert dataset.classes == ("10", "2280", "2583")
    assert dataset.frame["description"].tolist() == ["", "Paru en 1867", "<p>Bleue</p>"]
    assert dataset.label_names["2583"] == "pool and spa"
    assert dataset.kind == "real"


@pytest.mark.parametrize(
    "images",
    [
        "images/image_train",
        "images/images/image_train",
        "images/image_train/image_train",
        "image_train",
        "image_train/image_train",
    ],
)
def test_images_are_found_however_the_archive_was_unpacked(tmp_path: Path, images: str):
    write_challenge(tmp_path)
    photo = tmp_path / images / "image_1263597046_product_3804725264.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"a photo")

    frame = load(tmp_path).frame

    assert frame["image_path"][0] == str(photo)
    assert Path(frame["image_path"][1]).parent == photo.parent


def test_without_images_the_texts_are_still_there(tmp_path: Path):
    write_challenge(tmp_path)

    assert load(tmp_path).frame["image_path"].tolist() == ["", "", ""]


def test_the_environment_names_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    write_challenge(tmp_path / "rakuten")
    monkeypatch.setenv("RAKUTEN_BENCH_DATA", str(tmp_path))

    assert len(load_dataset(parse_dataset("rakuten")).frame) == 3


def test_absent_files_are_reported_with_where_to_get_them(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv("RAKUTEN_BENCH_DATA", raising=False)

    with pytest.raises(
        UserError, match=r"no folder given.*challengedata\.ens\.fr.*'openmoji'"
    ):
        load_dataset(parse_dataset("rakuten"))


def test_a_row_without_label_is_refused(tmp_path: Path):
    write_challenge(tmp_path)
    (tmp_path / LABELS).write_text(",prdtypecode\n0,10\n2,2583\n")

    with pytest.raises(UserError, match=r"1 of 3 rows have no label \(rows 1,"):
        load(tmp_path)


def test_a_second_index_column_changes_nothing(tmp_path: Path):
    write_challenge(tmp_path / "plain")
    write_challenge(tmp_path / "saved_again")
    for file in (TEXTS, LABELS):
        lines = (tmp_path / "plain" / file).read_text().splitlines()
        again = "".join(f"{line.partition(',')[0]},{line}\n" for line in lines)
        (tmp_path / "saved_again" / file).write_text(again)

    one, other = load(tmp_path / "plain"), load(tmp_path / "saved_again")

    assert other.fingerprint == one.fingerprint


def test_semicolons_and_float_labels_change_nothing(tmp_path: Path):
    write_challenge(tmp_path / "plain")
    write_challenge(tmp_path / "excel")
    texts = (tmp_path / "plain" / TEXTS).read_text()
    (tmp_path / "excel" / TEXTS).write_text(texts.replace(",", ";"))
    (tmp_path / "excel" / LABELS).write_text(";prdtypecode\n2;2583.0\n0;10.0\n1;2280.0")

    one, other = load(tmp_path / "plain"), load(tmp_path / "excel")

    assert other.fingerprint == one.fingerprint


def test_files_without_row_ids_are_refused(tmp_path: Path):
    write_challenge(tmp_path)
    (tmp_path / LABELS).write_text("prdtypecode\n10\n2280\n2583\n")

    with pytest.raises(UserError, match=r"first column is 'prdtypecode'.* row ids"):
        load(tmp_path)


def test_row_ids_that_stand_twice_are_refused(tmp_path: Path):
    write_challenge(tmp_path)
    (tmp_path / LABELS).write_text(",prdtypecode\n0,10\n0,40\n1,10\n")

    with pytest.raises(UserError, match=r"1 duplicate row ids \(0\)"):
        load(tmp_path)


def test_labels_of_another_download_are_refused(tmp_path: Path):
    write_challenge(tmp_path)
    (tmp_path / LABELS).write_text(",prdtypecode\n0,10\n1,10\n2,10\n9,10\n")

    with pytest.raises(
        UserError, match=r"1 of 4 labels are for rows missing in .* \(first: 9\)"
    ):
        load(tmp_path)


def test_a_table_with_other_columns_is_refused(tmp_path: Path):
    write_challenge(tmp_path)
    (tmp_path / TEXTS).write_text("id,text\n0,a\n")

    with pytest.raises(UserError, match="column 'designation' is missing"):
        load(tmp_path)


def test_made_up_data_never_pass_for_real(tmp_path: Path):
    write_challenge(tmp_path)
    (tmp_path / SYNTHETIC_MARK).write_text("id,language\n0,fr\n1,fr\n2,en\n")

    dataset = load(tmp_path)

    assert (dataset.name, dataset.kind) == ("synthetic", "synthetic")
    assert "contains no real listing" in dataset.about
    assert dataset.frame["language"].tolist() == ["fr", "fr", "en"]
