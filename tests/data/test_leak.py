"""Ids and image paths that leak the label are reported if an option reads them."""

import pandas as pd
import pytest

from rakuten_bench.data.build import assemble
from rakuten_bench.data.leak import count_told, find_leaks

KINDS = ("shoe", "pot", "hat")


def shop(**columns):
    known = {
        "label": [KINDS[row % 3] for row in range(60)],
        "title": [f"thing {row}" for row in range(60)],
    }
    return assemble("shop", {**known, **columns}, subject="shop.csv")


@pytest.mark.parametrize(
    ("column", "name", "part"),
    [
        ("image_path", "{kind}/{row}.png", "folder"),
        ("image_path", "photos/{kind}_{row}.png", "file name"),
        ("id", "{kind}-{row}", "word"),
    ],
)
def test_values_that_spell_the_label_are_a_leak(column, name, part):
    values = [name.format(kind=KINDS[row % 3], row=row) for row in range(60)]

    [leak] = find_leaks(shop(**{column: values}), column)

    assert (
        f"the {part} in column '{column}' determines the label of 60 of 60 rows" in leak
    )
    assert "'shoe' of" in leak


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("image_path", "photos/{row}.png"),
        ("image_path", "{row}/photo.png"),
        ("image_path", "{part}/{row}.png"),
        ("id", "{row}"),
        ("id", "sku{row}"),
        ("title", "{kind}"),
    ],
)
def test_values_that_do_not_are_none(column, name):
    values = [
        name.format(kind=KINDS[row % 3], part=row % 7, row=row) for row in range(60)
    ]

    assert list(find_leaks(shop(**{column: values}), column)) == []


def test_one_key_is_no_leak_though_nearly_all_rows_are_of_one_class():
    labels = pd.Series(["a"] * 97 + ["b"] * 3)

    assert count_told(pd.Series(["x"] * 100), labels) == 0
