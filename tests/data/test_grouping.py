"""Which rows stay together, and which values are placeholders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from rakuten_bench.data import SplitSpec, build_split
from rakuten_bench.data.build import assemble
from rakuten_bench.data.grouping import group_rows
from rakuten_bench.types import Dataset


def shop(n_rows: int = 200, **columns: Any) -> Dataset:
    known = {
        "title": [f"thing number {row}" for row in range(n_rows)],
        "label": [("pot", "hat", "sock", "lamp")[row % 4] for row in range(n_rows)],
    }
    return assemble("shop", {**known, **columns}, subject="shop.csv")


def titles(*first: str) -> list[str]:
    return [*first, *(f"thing number {row}" for row in range(200 - len(first)))]


def photo(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return cv2.resize(small, (120, 120), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    "other",
    [
        "Lampe  de chevet, été",
        "LAMPE DE CHEVET ÉTÉ",
        "lampe de chevet ete",
        "<b>Lampe</b> de chevet &eacute;t&eacute;",
        "Lam\u200bpe de chevet \u00e9te\u0301",
        "Lampe de chevet - été !",
    ],
)
def test_titles_that_read_the_same_stay_together(other: str):
    groups = group_rows(shop(title=titles("Lampe de chevet été", other))).groups

    assert groups[0] == groups[1]
    assert len(np.unique(groups)) == 199


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C++ course", "C# course"),
        ("pipe 1.5 m", "pipe 15 m"),
        ("lit 60 120", "lit 60120"),
        ("10² tiles", "102 tiles"),
        ("😀", "😁"),
        (":-)", ":-("),
        ("50 %", "50"),
        ("at -5 degrees", "at 5 degrees"),
        ("か", "が"),
    ],
)
def test_titles_that_differ_stay_apart(one: str, other: str):
    grouping = group_rows(shop(title=titles(one, other)))

    assert grouping.groups[0] != grouping.groups[1]
    assert grouping.remarks == ()


def test_title_and_description_are_a_pair():
    description = ["c d", "b c d", *[""] * 198]

    groups = group_rows(shop(title=titles("a b", "a"), description=description)).groups

    assert groups[0] != groups[1]


def test_rows_that_share_a_text_are_counted():
    labels = [("pot", "hat")[row > 2] for row in range(200)]

    [remark] = group_rows(
        shop(title=titles("Same", "same!", "same"), label=labels)
    ).remarks

    assert remark == (
        "3 rows share their text with another row: duplicates, which stay on one side "
        "of the split."
    )


def test_a_text_that_many_rows_share_is_reported_as_a_placeholder():
    grouping = group_rows(shop(title=titles(*["Sans titre"] * 80)))

    assert len(np.unique(grouping.groups)) == 200
    assert grouping.remarks == (
        "80 rows share the text 'Sans titre' (40 %): a placeholder; rows are not "
        "grouped by it.",
    )


def test_sets_of_rows_are_no_placeholders():
    labels = [str((row + row // 20) % 5) for row in range(400)]

    grouping = group_rows(
        shop(400, title=[f"text {row // 20}" for row in range(400)], label=labels)
    )

    assert len(np.unique(grouping.groups)) == 20


def test_a_few_rows_of_a_small_table_are_duplicates_for_any_share():
    groups = group_rows(shop(40, title=["one"] * 3 + ["x" * row for row in range(37)]))

    assert len(set(groups.groups[:3])) == 1


def test_the_same_photo_in_other_files_stays_together(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "0.jpg"), photo(0))
    cv2.imwrite(str(tmp_path / "1.png"), photo(0))
    cv2.imwrite(str(tmp_path / "2.jpg"), photo(0), [cv2.IMWRITE_JPEG_QUALITY, 60])
    cv2.imwrite(str(tmp_path / "3.jpg"), photo(1))
    names = ["0.jpg", "1.png", "2.jpg", "3.jpg"]
    paths = [str(tmp_path / name) for name in names] + [""] * 196

    grouping = group_rows(shop(image_path=paths), cache=tmp_path / "cache")

    assert grouping.groups[:4].tolist() == [0, 0, 0, 1]
    assert "3 rows share their image with another row" in grouping.remarks[0]
    again = group_rows(shop(image_path=paths), cache=tmp_path / "cache")
    assert again.groups.tolist() == grouping.groups.tolist()


def test_a_kept_grouping_is_that_of_these_rows(tmp_path: Path):
    cache = tmp_path / "cache"
    group_rows(shop(title=titles("a b", "A  B")), cache=cache)

    other = shop(title=titles("a b", "A  B", "c", "C."))

    again = group_rows(other, cache=cache)
    assert again.groups.tolist() == group_rows(other).groups.tolist()
    assert again.remarks == group_rows(other).remarks


def test_a_damaged_grouping_is_made_again(tmp_path: Path):
    dataset = shop(title=titles("a b", "A  B"))
    first = group_rows(dataset, cache=tmp_path)
    [kept] = (tmp_path / "kept").glob("groups-*")
    content = bytearray(kept.read_bytes())
    content[-9] ^= 1
    kept.write_bytes(content)

    assert group_rows(dataset, cache=tmp_path).groups.tolist() == first.groups.tolist()


def test_a_kept_grouping_reads_no_image_again(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.jpg"), photo(0))
    dataset = shop(image_path=[str(tmp_path / "a.jpg")] * 2 + [""] * 198)
    first = group_rows(dataset, cache=tmp_path / "cache")

    (tmp_path / "a.jpg").unlink()

    again = group_rows(dataset, cache=tmp_path / "cache")
    assert again.groups.tolist() == first.groups.tolist()


def test_a_photo_that_many_rows_share_is_reported_as_a_placeholder(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "nophoto.jpg"), photo(0))
    paths = [str(tmp_path / "nophoto.jpg")] * 120 + [""] * 80

    grouping = group_rows(shop(image_path=paths))

    assert len(np.unique(grouping.groups)) == 200
    assert grouping.remarks == (
        "120 rows share the image 'nophoto.jpg' (60 %): a placeholder; rows are not "
        "grouped by it.",
    )


def test_a_split_without_images_reads_none_and_has_another_name(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.jpg"), photo(0))
    paths = [str(tmp_path / "a.jpg")] * 3 + [""] * 197
    dataset = shop(image_path=paths)

    by_text = build_split(dataset, SplitSpec(by_image=False))
    by_image = build_split(dataset, SplitSpec(by_image=True))

    assert (by_text.name, by_image.name) == ("", "by-image")
    assert len(np.unique(by_text.groups)) == 200
    assert len(np.unique(by_image.groups)) == 198


def test_a_split_by_images_that_join_no_rows_is_the_plain_one(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.jpg"), photo(0))
    dataset = shop(image_path=[str(tmp_path / "a.jpg")] + [""] * 199)

    assert build_split(dataset, SplitSpec("kfold", by_image=True)).name == "kfold-5"


def test_a_text_with_several_labels_is_reported_with_an_example():
    named = ["Red  mug", "red mug.", "RED MUG", "blue cup", "green cup"]

    remarks = group_rows(
        shop(5, title=named, label=["mug", "mug", "cup", "cup", "cup"])
    ).remarks

    told = (
        "1 text with several labels (3 of 5 rows), such as 'Red mug': 'mug' (2), "
        "'cup' (1). A model of texts only can't be right on all of them."
    )
    assert told in " ".join(remarks)


def test_one_text_with_one_label_is_not_spoken_of():
    remarks = group_rows(
        shop(2, title=["red mug", "Red mug"], label=["mug", "mug"])
    ).remarks

    assert not any("several labels" in remark for remark in remarks)


def test_many_placeholders_that_tell_nothing_join_no_rows():
    rng = np.random.default_rng(0)
    named = [
        f"to be written {row % 10}" if row < 800 else str(row) for row in range(1000)
    ]
    labels = rng.choice(list("abcde"), 1000).tolist()

    grouping = group_rows(shop(1000, title=named, label=labels))

    assert len(np.unique(grouping.groups)) == 1000
    assert "a placeholder" in grouping.remarks[0]
    assert "7 more placeholders of text" in " ".join(grouping.remarks)


def test_many_large_placeholders_join_no_rows_of_any_class():
    named = [
        f"to be written {row % 10}" if row < 800 else str(row) for row in range(1000)
    ]
    labels = ["abcde"[row % 5 if row % 3 else row % 4] for row in range(1000)]

    assert (
        len(np.unique(group_rows(shop(1000, title=named, label=labels)).groups)) == 1000
    )


def test_texts_that_many_people_have_labelled_are_no_placeholders():
    rng = np.random.default_rng(0)
    named = [f"text {row // 20}" for row in range(1000)]
    agreed = rng.random(1000) < 0.75
    labels = np.where(agreed ^ (np.arange(1000) // 20 % 2 == 0), "a", "b").tolist()

    assert (
        len(np.unique(group_rows(shop(1000, title=named, label=labels)).groups)) == 50
    )
