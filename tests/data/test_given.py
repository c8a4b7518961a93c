"""Test rows that are given: by a second file, a column, or a list of ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten_bench.data import (
    DatasetSpec,
    SplitSpec,
    build_split,
    load_dataset,
    parse_dataset,
    parse_split,
)
from rakuten_bench.data.given import read_ids
from rakuten_bench.errors import UserError
from rakuten_bench.records import board_name
from rakuten_bench.types import Dataset, Split

LABELS = ("cup", "hat", "toy")


def listing(n_rows: int, first: int = 0) -> pd.DataFrame:
    rows = range(first, first + n_rows)
    return pd.DataFrame(
        {
            "sku": [f"P{row}" for row in rows],
            "name": [f"{LABELS[row % 3]} no {row}" for row in rows],
            "kind": [LABELS[row % 3] for row in rows],
        }
    )


def load(folder: Path, **params: Any) -> Dataset:
    known = {"title": "name", "label": "kind", **params}
    return load_dataset(DatasetSpec("table", known), base_dir=folder, cache=folder)


def two_files(folder: Path, train: pd.DataFrame, test: pd.DataFrame) -> Dataset:
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    return load(folder, train="train.csv", test="test.csv", id="sku")


def split_of(dataset: Dataset, spec: Any = None, folder: Path | None = None) -> Split:
    return build_split(
        dataset, parse_split(spec) if spec else SplitSpec(), folder=folder
    )


def test_two_files_are_learned_from_and_scored(tmp_path: Path):
    dataset = two_files(tmp_path, listing(30), listing(12, 30))

    split = split_of(dataset)

    [fold] = split.folds
    assert fold.train.tolist() == list(range(30))
    assert fold.test.tolist() == list(range(30, 42))
    assert (split.scheme, split.remarks) == ("given", ())
    assert board_name(dataset, split) == "train+test@given"


def test_rows_of_both_files_count_in_the_fingerprint(tmp_path: Path):
    one = two_files(tmp_path, listing(30), listing(12, 30))
    other_train = two_files(tmp_path, listing(30, 3), listing(12, 60))
    other_test = two_files(tmp_path, listing(30), listing(12, 33))

    prints = {d.fingerprint for d in (one, other_train, other_test)}

    assert len(prints) == 3


def test_rows_of_two_files_without_ids_are_numbered_in_each(tmp_path: Path):
    two_files(tmp_path, listing(3), listing(3, 30))

    dataset = load(tmp_path, train="train.csv", test="test.csv")

    ids = ["train-0", "train-1", "train-2", "test-0", "test-1", "test-2"]
    assert dataset.frame["id"].tolist() == ids


def test_training_rows_that_repeat_a_test_row_are_left_out_and_counted(tmp_path: Path):
    test = pd.concat([listing(12, 30), listing(2).assign(sku=["Q1", "Q2"])])

    split = split_of(two_files(tmp_path, listing(30), test))

    assert split.folds[0].train.tolist() == list(range(2, 30))
    assert len(split.folds[0].test) == 14
    assert split.remarks[0].startswith("given test rows: 2 other rows with the text")


def test_a_label_of_test_rows_only_is_refused_by_name(tmp_path: Path):
    test = listing(12, 30).assign(kind=["cup"] * 9 + ["pen"] * 3)
    dataset = two_files(tmp_path, listing(30), test)

    with pytest.raises(UserError, match=r"no training row has it\): 'pen \(3\)'"):
        split_of(dataset)


def test_a_label_whose_training_rows_all_repeat_test_rows_is_refused(tmp_path: Path):
    copies = listing(12).assign(sku=[f"Q{row}" for row in range(12)])
    dataset = two_files(tmp_path, listing(12), copies)

    with pytest.raises(UserError, match="all its training rows are duplicates of test"):
        split_of(dataset)


@pytest.mark.parametrize("missing", [["kind"], []])
def test_a_test_file_without_labels_is_refused_with_a_way_out(
    tmp_path: Path, missing: list[str]
):
    test = listing(12, 30).assign(kind="").drop(columns=missing)

    with pytest.raises(
        UserError, match=r"test\.csv: the test file has no label column 'kind'.*"
    ):
        two_files(tmp_path, listing(30), test)


def test_some_rows_without_labels_are_refused(tmp_path: Path):
    test = listing(12, 30).assign(kind=["cup"] * 9 + [""] * 3)

    with pytest.raises(UserError, match="3 of 42 rows have no label"):
        two_files(tmp_path, listing(30), test)


def test_a_column_that_only_one_file_has_is_refused_with_that_file(tmp_path: Path):
    test = listing(12, 30).rename(columns={"name": "title"})

    with pytest.raises(UserError, match=r"test\.csv: unknown column 'name'"):
        two_files(tmp_path, listing(30), test)


def test_an_id_of_both_files_is_refused(tmp_path: Path):
    with pytest.raises(
        UserError, match=r"train\.csv and .*test\.csv: 12 duplicate ids"
    ):
        two_files(tmp_path, listing(30), listing(12))


@pytest.mark.parametrize(
    "params",
    [
        {"train": "train.csv"},
        {"path": "train.csv", "test": "test.csv"},
        {"train": "train.csv", "test": "test.csv", "side": "kind"},
    ],
)
def test_other_combinations_of_files_are_refused(params: dict[str, str]):
    with pytest.raises(UserError, match=r"name one file as `path`.*or two files as"):
        parse_dataset({"table": {"title": "name", "label": "kind", **params}})


def test_a_column_says_which_rows_are_scored(tmp_path: Path):
    sides = ["Train", "test ", "dev", "TRAINING", "val"] * 6
    listing(30).assign(part=sides).to_csv(tmp_path / "shop.csv", index=False)

    [fold] = split_of(load(tmp_path, path="shop.csv", side="part")).folds

    assert fold.test.tolist() == list(range(1, 30, 5))
    assert fold.train.tolist() == sorted([*range(0, 30, 5), *range(3, 30, 5)])
    assert len(fold.validation) == 12


@pytest.mark.parametrize("value", ["0", "1", "true", "", "later"])
def test_a_column_of_other_words_is_refused(tmp_path: Path, value: str):
    sides = ["train"] * 20 + [value] * 10
    listing(30).assign(part=sides).to_csv(tmp_path / "shop.csv", index=False)

    with pytest.raises(
        UserError, match=f"10 of 30 rows have an invalid side: '{value}'"
    ):
        load(tmp_path, path="shop.csv", side="part")


@pytest.mark.parametrize("side", ["train", "test"])
def test_a_side_without_rows_is_refused(tmp_path: Path, side: str):
    listing(30).assign(part=side).to_csv(tmp_path / "shop.csv", index=False)
    other = {"train": "test", "test": "train"}[side]

    with pytest.raises(UserError, match=f"none of its 30 rows is a {other}"):
        split_of(load(tmp_path, path="shop.csv", side="part"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ids.txt", "P3\n\nP4\r\n P5 \n"),
        ("ids.csv", "name,id\na,P3\nb,P4\nc,P5\n"),
        ("rows.csv", "sku\nP3\nP4\nP5\n"),
    ],
)
def test_a_file_of_ids_names_the_test_rows(tmp_path: Path, name: str, content: str):
    (tmp_path / name).write_text(content)
    listing(30).to_csv(tmp_path / "shop.csv", index=False)
    dataset = load(tmp_path, path="shop.csv", id="sku")

    split = split_of(dataset, {"given": {"ids": name}}, tmp_path)

    assert split.folds[0].test.tolist() == [3, 4, 5]
    assert len(split.folds[0].train) == 27
    assert board_name(dataset, split) == f"shop@given-{Path(name).stem}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("P3\nX1\nX2\n", r"2 of 3 ids are not in the data set 'shop': 'X1', 'X2'"),
        ("\n", r"no ids"),
        (None, r"ids\.txt: no such file"),
    ],
)
def test_ids_that_name_no_rows_are_refused(
    tmp_path: Path, content: str | None, message: str
):
    if content is not None:
        (tmp_path / "ids.txt").write_text(content)
    listing(30).to_csv(tmp_path / "shop.csv", index=False)
    dataset = load(tmp_path, path="shop.csv", id="sku")

    with pytest.raises(UserError, match=message):
        split_of(dataset, {"given": {"ids": "ids.txt"}}, tmp_path)


def test_a_given_split_without_rows_is_refused(tmp_path: Path):
    listing(30).to_csv(tmp_path / "shop.csv", index=False)

    with pytest.raises(UserError, match=r"no test rows are defined\. Define them with"):
        split_of(load(tmp_path, path="shop.csv"), "given")


def test_another_split_of_given_rows_is_refused(tmp_path: Path):
    dataset = two_files(tmp_path, listing(30), listing(12, 30))

    with pytest.raises(UserError, match=r"`split: kfold` cannot choose others"):
        split_of(dataset, "kfold")


def test_test_rows_are_not_given_twice(tmp_path: Path):
    dataset = two_files(tmp_path, listing(30), listing(12, 30))
    (tmp_path / "ids.txt").write_text("P3\n")

    with pytest.raises(UserError, match="defined twice"):
        split_of(dataset, {"given": {"ids": "ids.txt"}}, tmp_path)


def test_a_group_of_a_validation_row_is_not_learned_from(tmp_path: Path):
    frame = listing(30).assign(part=["train", "val", "test"] * 10, maker=np.arange(30))
    frame.loc[[0, 1], "maker"] = 99
    frame.to_csv(tmp_path / "shop.csv", index=False)
    frame["kind"] = ["cup", "hat"] * 15
    frame.to_csv(tmp_path / "shop.csv", index=False)

    split = split_of(load(tmp_path, path="shop.csv", side="part", group="maker"))

    assert split.folds[0].train.tolist() == list(range(3, 30, 3))
    assert split.remarks[0].startswith("given test rows: 1 other row with")


def test_a_list_of_ids_that_does_not_end_is_one_message(tmp_path):
    path = tmp_path / "ids.txt"
    with path.open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(UserError, match=r"ids.txt: can't be read: has a line of more"):
        read_ids(path)


def test_a_file_without_any_known_id_is_not_quoted(tmp_path):
    listing(30).to_csv(tmp_path / "shop.csv", index=False)
    dataset = load(tmp_path, path="shop.csv")
    (tmp_path / "notes.txt").write_text("mary:x:0:0\n")

    with pytest.raises(UserError, match=r"1 of 1 ids are not in the data set") as found:
        split_of(dataset, {"given": {"ids": "notes.txt"}}, tmp_path)

    assert "mary" not in str(found.value)
