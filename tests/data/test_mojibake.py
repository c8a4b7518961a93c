"""Mojibake (UTF-8 decoded as Windows-1252) is reported, and no other text."""

from __future__ import annotations

import pandas as pd
import pytest

from rakuten_bench.data.build import assemble
from rakuten_bench.data.mojibake import remark_mojibake, repair

TEXTS = ["caf\u00e9 cr\u00e8me", "\u00e9l\u00e9gant, 5 \u20ac", "plain", "th\u00e9"]


def spoil(text: str) -> str:
    return text.encode().decode("cp1252")


def test_text_that_was_saved_as_utf8_twice_is_reported_with_the_first_row():
    frame = pd.DataFrame({"title": ["plain", *map(spoil, TEXTS)]})

    [remark] = remark_mojibake(frame, "shop.csv")

    assert remark.startswith("shop.csv: 3 rows with text that looks like UTF-8 decoded")
    assert "row 1, counted from 0" in remark
    assert f"'{spoil(TEXTS[0])}' for '{TEXTS[0]}'" in remark


def test_a_data_set_has_the_remark():
    columns = {"title": list(map(spoil, TEXTS)), "label": ["a", "b", "a", "b"]}

    data = assemble("shop", columns, subject="shop.csv")

    assert any("looks like UTF-8" in remark for remark in data.remarks)
    assert data.frame["title"].tolist() == columns["title"]  # nothing is changed


@pytest.mark.parametrize(
    "text",
    [
        "l\u2019eau \u2014 5 \u20ac",
        "\U0001f60a",
        "\u65e5\u672c\u8a9e",
        "\u0438\u0432\u0435\u0442",
    ],
)
def test_mojibake_is_repaired(text):
    assert repair(spoil(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "CAF\u00c9\u00a0\u00bb",
        "\u00e0\u00a0\u00ab\u00a0la\u00a0\u00bb",
        "MA\u00c7\u00c3O",
        "QUALIT\u00c9\u00ae",
        "na\u00efve \u2026",
    ],
)
def test_words_of_languages_are_left_alone(text):
    frame = pd.DataFrame({"title": [text] * 20})

    assert repair(text) == text
    assert list(remark_mojibake(frame, "shop.csv")) == []


def test_a_sequence_or_two_are_no_evidence():
    frame = pd.DataFrame({"title": [spoil("\u00e9t\u00e9"), "plain"]})

    assert list(remark_mojibake(frame, "shop.csv")) == []
