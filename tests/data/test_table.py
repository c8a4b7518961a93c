"""Any CSV or Parquet file as a data set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rakuten_bench.data import load_dataset, parse_dataset
from rakuten_bench.data.build import fill_columns
from rakuten_bench.errors import UserError
from rakuten_bench.types import COLUMNS, Dataset


def load(folder: Path, path: str = "shop.csv", **params: Any) -> Dataset:
    named = {"title": "name", "label": "kind", **params}
    spec = parse_dataset({"table": {"path": path, **named}})
    return load_dataset(spec, base_dir=folder)


@pytest.fixture
def shop_csv(tmp_path: Path) -> Path:
    file = tmp_path / "shop.csv"
    file.write_text(
        "name,text,kind,photo,lang,series\n"
        "Café moulu,arabica,food,a.jpg,fr,1\n"
        "Tea,,food,,en,\n"
        "Ball,round,toy,b.jpg,en,1\n",
        encoding="utf-8",
    )
    return file


def test_every_column_is_text_and_nothing_is_missing(shop_csv: Path):
    frame = load(shop_csv.parent, description="text").frame

    assert tuple(frame.columns) == COLUMNS
    assert frame["title"].tolist() == ["Café moulu", "Tea", "Ball"]
    assert frame["description"].tolist() == ["arabica", "", "round"]
    assert frame["id"].tolist() == ["0", "1", "2"]
    assert frame["language"].tolist() == ["", "", ""]
    assert all(isinstance(value, str) for value in frame.to_numpy().ravel())


def test_texts_do_not_depend_on_pyarrow_so_that_any_installation_reads_them(
    shop_csv: Path,
):
    frame = load(shop_csv.parent).frame

    stored = {getattr(dtype, "storage", "object") for dtype in frame.dtypes}
    assert stored == {"python"}


def test_columns_for_language_group_and_id_are_taken(shop_csv: Path):
    frame = load(shop_csv.parent, language="lang", group="series", id="name").frame

    assert frame["language"].tolist() == ["fr", "en", "en"]
    assert frame["group"].tolist() == ["1", "", "1"]
    assert frame["id"].tolist() == ["Café moulu", "Tea", "Ball"]


def test_images_are_found_in_their_folder_and_absent_ones_keep_their_path(
    shop_csv: Path,
):
    folder = shop_csv.parent / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"a")

    frame = load(shop_csv.parent, image="photo", image_folder="photos").frame

    assert frame["image_path"].tolist() == [
        str(folder / "a.jpg"),
        "",
        str(folder / "b.jpg"),
    ]


def test_without_the_image_folder_no_row_has_an_image(shop_csv: Path):
    frame = load(shop_csv.parent, image="photo", image_folder="nowhere").frame

    assert frame["image_path"].tolist() == ["", "", ""]


def test_the_board_is_named_after_the_file_or_as_given(shop_csv: Path):
    assert load(shop_csv.parent).name == "shop"
    assert load(shop_csv.parent, name="other").name == "other"


def test_parquet_reads_the_same_as_csv(shop_csv: Path):
    pd.read_csv(shop_csv).to_parquet(shop_csv.with_suffix(".parquet"))

    csv = load(shop_csv.parent, description="text", group="series")
    parquet = load(shop_csv.parent, "shop.parquet", description="text", group="series")

    assert parquet.frame.equals(csv.frame)
    assert parquet.fingerprint == csv.fingerprint


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_detected_from_the_header(tmp_path: Path, separator: str):
    rows = [("name", "text", "kind"), ("a. b", "", "x"), ("c", "d", "y")]
    (tmp_path / "shop.txt").write_text("\n".join(map(separator.join, rows)))

    frame = load(tmp_path, "shop.txt", description="text").frame

    assert frame["title"].tolist() == ["a. b", "c"]
    assert frame["label"].tolist() == ["x", "y"]


def test_windows_1252_is_read_and_said(tmp_path: Path):
    text = "name,kind\nCafé à 3 €,food\nŒuf,food\n"
    (tmp_path / "shop.csv").write_bytes(text.encode("cp1252"))

    dataset = load(tmp_path)

    assert dataset.frame["title"].tolist() == ["Café à 3 €", "Œuf"]
    assert dataset.remarks == (
        "shop.csv: read as Windows-1252, as 2 lines are not UTF-8; if it has another "
        "encoding, save it as UTF-8 (lines 2, 3).",
    )


def test_utf_16_of_excel_is_read_and_said(tmp_path: Path):
    text = "name\tkind\nCafé à 3 €\tfood\nŒuf\tfood\n"
    (tmp_path / "shop.csv").write_text(text, encoding="utf-16")

    dataset = load(tmp_path)

    assert dataset.frame["title"].tolist() == ["Café à 3 €", "Œuf"]
    assert dataset.remarks == ("shop.csv: read as UTF-16.",)


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path):
    (tmp_path / "shop.csv").write_text("name,kind\na,x\n", encoding="utf-8-sig")

    assert load(tmp_path).frame["title"].tolist() == ["a"]


def test_labels_that_pandas_takes_for_missing_stay_classes_and_are_reported(
    tmp_path: Path,
):
    (tmp_path / "shop.csv").write_text("name,kind\na,None\nb,null\n")

    dataset = load(tmp_path)

    assert dataset.frame["label"].tolist() == ["None", "null"]
    [remark] = dataset.remarks
    assert "looks like a missing label: 'None' (1 row), 'null' (1 row)" in remark


def test_texts_that_stand_for_a_missing_one_are_missing_and_reported(tmp_path: Path):
    rows = ["N/A,x", "lamp,x", "<p>Aucune description.</p>,y", "-,y", "no,y"]
    (tmp_path / "shop.csv").write_text("\n".join(["name,kind", *rows]))

    dataset = load(tmp_path)

    assert dataset.frame["title"].tolist() == ["", "lamp", "", "", "no"]
    [remark] = dataset.remarks
    assert "read as missing: 3 titles ('N/A', '<p>Aucune description." in remark
    assert "'missing: []' in the data set keeps them" in remark


@pytest.mark.parametrize(
    ("missing", "titles"), [([], ["N/A", "void"]), (["Void!"], ["N/A", ""])]
)
def test_the_list_of_missing_texts_is_the_users(
    tmp_path: Path, missing: list[str], titles: list[str]
):
    (tmp_path / "shop.csv").write_text("name,kind\nN/A,x\nvoid,y\n")

    dataset = load(tmp_path, missing=missing)

    assert dataset.frame["title"].tolist() == titles


def test_labels_of_several_spellings_stay_apart_and_are_reported(tmp_path: Path):
    labels = ["Shoes", "Shoes ", "shoes\u200b", "caf\u00e9", "cafe\u0301", "Hat"]
    rows = [f"thing {row},{label}" for row, label in enumerate(labels)]
    (tmp_path / "shop.csv").write_text(
        "\n".join(["name,kind", *rows]), encoding="utf-8"
    )

    dataset = load(tmp_path)

    assert len(dataset.classes) == 6
    [remark] = dataset.remarks
    assert "5 labels differ only by case, whitespace, invisible characters" in remark
    assert "'Shoes' (1) / 'Shoes ' (1) / 'shoes\\u200b' (1)" in remark
    assert "'labels: {normalize: true}'" in remark


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("b\u00e9b\u00e9", "Bebe"),
        ("Home & Garden", "Home &amp; Garden"),
        ("t-shirt", "T shirt"),
        ("shoe", "'shoe'"),
        ("toy", "\uff54oy"),
        ("book", "b\u043eok"),
        ("010", "10"),
        ("1,000", "1000"),
        ("1e3", "1000"),
        ("-0", "0"),
    ],
)
def test_labels_that_read_alike_stay_apart_and_are_reported(
    tmp_path: Path, one: str, other: str
):
    frame = pd.DataFrame({"name": ["a", "b", "c"], "kind": [one, other, "word"]})
    frame.to_csv(tmp_path / "shop.csv", index=False)

    dataset = load(tmp_path)

    assert len(dataset.classes) == 3
    [remark] = dataset.remarks
    assert "2 labels differ from others" in remark
    assert "are separate classes" in remark


def test_letters_that_look_alike_are_reported_by_their_codes(tmp_path: Path):
    frame = pd.DataFrame({"name": ["a", "b"], "kind": ["book", "b\u043eok"]})
    frame.to_csv(tmp_path / "shop.csv", index=False)

    [remark] = load(tmp_path).remarks

    assert "'book' (1) / 'b\\u043eok' (1)" in remark


@pytest.mark.parametrize(
    ("one", "other"), [("C", "C++"), ("10", "100"), ("1.5 l", "15 l"), ("\u0421", "D")]
)
def test_labels_that_differ_in_meaning_cause_no_warning(
    tmp_path: Path, one: str, other: str
):
    frame = pd.DataFrame({"name": ["a", "b", "c"], "kind": [one, other, "word"]})
    frame.to_csv(tmp_path / "shop.csv", index=False)

    assert load(tmp_path).remarks == ()


@pytest.mark.parametrize("label", ["\u200b", "\u00a0", "\ufeff \u00ad"])
def test_a_label_of_nothing_visible_is_missing(tmp_path: Path, label: str):
    frame = pd.DataFrame({"name": ["a", "b", "c"], "kind": ["x", label, "y"]})
    frame.to_csv(tmp_path / "shop.csv", index=False)

    with pytest.raises(UserError, match=r"1 of 3 rows have no label \(rows 1,"):
        load(tmp_path)


def test_a_row_without_an_id_is_refused_where_others_have_one(tmp_path: Path):
    (tmp_path / "shop.csv").write_text("sku,name,kind\np1,a,x\n ,b,y\n")

    with pytest.raises(UserError, match=r"1 of 2 rows have no id \(rows 1,"):
        load(tmp_path, id="sku")


def test_rows_without_text_and_image_are_reported(tmp_path: Path):
    (tmp_path / "shop.csv").write_text(
        "name,text,kind\nball,,x\n,,y\n ,,x\n", encoding="utf-8"
    )

    empty, rows = load(tmp_path, description="text").remarks

    assert "no row has a description: the column is empty" in empty
    assert "2 of 3 rows have no title or description (rows 1, 2," in rows


@pytest.mark.parametrize("column", ["title", "description", "group", "language"])
def test_the_label_is_no_other_column_too(shop_csv: Path, column: str):
    with pytest.raises(
        UserError, match=rf"column 'kind' is named as label and as {column}"
    ):
        load(shop_csv.parent, **{column: "kind"})


def test_numbers_without_a_whole_form_are_text_as_they_are():
    columns = {"label": ["a", "b", "c"], "title": [1.0, float("inf"), float("nan")]}

    assert fill_columns(columns)["title"].tolist() == ["1.0", "inf", ""]


@pytest.mark.parametrize("name", ["", " ", "N/A"])
def test_a_table_without_any_text_or_image_is_refused(tmp_path: Path, name: str):
    (tmp_path / "shop.csv").write_text(f"name,kind\n{name},x\n{name},y\n")

    with pytest.raises(UserError, match=r"no title in any of its 2 rows"):
        load(tmp_path)


def test_labels_are_joined_where_asked_in_their_most_frequent_spelling(tmp_path: Path):
    labels = ["shoes ", "Shoes", "Shoes", "caf\u00e9", "cafe\u0301"]
    rows = [f"thing {row},{label}" for row, label in enumerate(labels)]
    (tmp_path / "shop.csv").write_text(
        "\n".join(["name,kind", *rows]), encoding="utf-8"
    )

    dataset = load(tmp_path, labels={"normalize": True})

    assert dataset.classes == ("Shoes", "caf\u00e9")
    assert "4 labels that differ" in dataset.remarks[0]


def test_a_number_with_and_without_decimals_is_one_class(tmp_path: Path):
    (tmp_path / "shop.csv").write_text("name,kind\na,10\nb,10.0\nc,20.0\nd,30\n")

    dataset = load(tmp_path)

    assert dataset.classes == ("10", "20", "30")
    assert (
        "2 of 4 rows are written with decimals: '10.0' is read as class '10'"
        in (dataset.remarks[0])
    )


def test_a_misspelt_rule_for_labels_is_refused():
    with pytest.raises(
        UserError, match=r"'labels' of table.*unknown field `normalise`"
    ):
        parse_dataset(
            {"table": {"path": "a", "label": "b", "labels": {"normalise": True}}}
        )


def test_text_is_composed_before_anything_counts_it(tmp_path: Path):
    (tmp_path / "shop.csv").write_text("name,kind\nCafe\u0301,x\nThe,y\n", "utf-8")

    assert load(tmp_path).frame["title"].tolist() == ["Caf\u00e9", "The"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "shop.csv: the file is empty"),
        ("name,kind\n", "shop.csv: the table has no rows"),
        ("name,sort\na,x\n", "unknown column 'kind'"),
        ('name,kind\n"a,x\n', "not readable as CSV"),
        (
            "name,kind\na,x\nb,\nc, \n",
            r"2 of 3 rows have no label \(rows 1, 2, counted from 0",
        ),
    ],
)
def test_a_wrong_csv_is_one_clear_message(tmp_path: Path, content: str, message: str):
    (tmp_path / "shop.csv").write_text(content)

    with pytest.raises(UserError, match=message):
        load(tmp_path)


def test_an_absent_file_is_reported(tmp_path: Path):
    with pytest.raises(UserError, match=r"shop.csv: no such file"):
        load(tmp_path)


def test_a_file_that_is_not_parquet_is_reported(tmp_path: Path):
    (tmp_path / "shop.parquet").write_text("name,kind\n")

    with pytest.raises(UserError, match="not readable as Parquet"):
        load(tmp_path, "shop.parquet")


def test_a_table_without_text_or_image_column_is_refused(shop_csv: Path):
    with pytest.raises(UserError, match="no text or image column"):
        load(shop_csv.parent, title="")


def test_a_duplicate_id_is_refused(shop_csv: Path):
    with pytest.raises(UserError, match=r"1 duplicate id \(food\)"):
        load(shop_csv.parent, id="kind")


def test_many_rows_without_label_are_counted_and_some_are_listed(tmp_path: Path):
    (tmp_path / "shop.csv").write_text("name,kind\n" + "a,\n" * 30)

    with pytest.raises(UserError, match=r"30 of 30 rows .*8, 9, \.\.\."):
        load(tmp_path)


def test_the_fingerprint_depends_on_content_not_on_paths(tmp_path: Path):
    for folder, word in (("a", "ball"), ("b", "ball"), ("c", "bell")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shop.csv").write_text(f"name,kind\n{word},x\ncup,y\n")

    prints = [load(tmp_path / folder).fingerprint for folder in "abc"]

    assert prints[0] == prints[1] != prints[2]


def test_the_fingerprint_sees_where_a_column_ends(tmp_path: Path):
    (tmp_path / "a.csv").write_text("name,text,kind\nab,c,x\n")
    (tmp_path / "b.csv").write_text("name,text,kind\na,bc,x\n")

    one = load(tmp_path, "a.csv", description="text", name="s")
    other = load(tmp_path, "b.csv", description="text", name="s")

    assert one.fingerprint != other.fingerprint


def test_a_table_of_images_needs_no_text(shop_csv: Path):
    (shop_csv.parent / "a.jpg").write_bytes(b"a")

    frame = load(shop_csv.parent, title="", image="photo").frame

    assert frame["title"].tolist() == ["", "", ""]
    assert frame["image_path"][0] == str(shop_csv.parent / "a.jpg")


def test_whole_numbers_with_gaps_stay_whole(tmp_path: Path):
    file = tmp_path / "shop.parquet"
    columns = {"name": ["a", "b"], "kind": [10, 40], "series": [3.0, None]}
    pd.DataFrame(columns).to_parquet(file)

    frame = load(tmp_path, file.name, group="series").frame

    assert frame["group"].tolist() == ["3", ""]
    assert frame["label"].tolist() == ["10", "40"]


def test_an_image_that_changed_changes_the_fingerprint(shop_csv: Path):
    photo = shop_csv.parent / "a.jpg"
    photo.write_bytes(b"a")
    before = load(shop_csv.parent, image="photo").fingerprint
    photo.write_bytes(b"longer")

    assert load(shop_csv.parent, image="photo").fingerprint != before


def test_images_of_one_size_count_by_their_content(shop_csv: Path):
    first, second = (shop_csv.parent / name for name in ("a.jpg", "b.jpg"))
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    before = load(shop_csv.parent, image="photo").fingerprint
    first.write_bytes(b"six")

    assert load(shop_csv.parent, image="photo").fingerprint != before


def test_pictures_replaced_by_others_of_their_sizes_and_times_are_other_data(
    shop_csv: Path,
):
    photos = [shop_csv.parent / name for name in ("a.jpg", "b.jpg")]
    for photo, content in zip(photos, (b"one", b"three"), strict=True):
        photo.write_bytes(content)
    before = load(shop_csv.parent, image="photo").fingerprint
    for photo, content in zip(photos, (b"six", b"seven"), strict=True):
        facts = photo.stat()
        photo.write_bytes(content)
        os.utime(photo, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    assert load(shop_csv.parent, image="photo").fingerprint != before


def test_pictures_that_were_only_touched_or_copied_are_the_same_data(shop_csv: Path):
    photo = shop_csv.parent / "a.jpg"
    photo.write_bytes(b"one")
    before = load(shop_csv.parent, image="photo").fingerprint
    os.utime(photo, (1, 1))

    assert load(shop_csv.parent, image="photo").fingerprint == before
