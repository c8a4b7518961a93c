"""Predictions are added to a table that stays as it was written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rakuten_bench import build
from rakuten_bench.deploy import Card, label_table
from rakuten_bench.deploy.labeled import LabeledTable
from rakuten_bench.errors import Notice

CARD = Card(
    code="", name="", levers={}, params={}, dataset="", dataset_fingerprint="",
    split_fingerprint="", rows="all", n_rows=12, classes=[], label_names={}, columns={},
    scores={}, packages={}, python="", created="",
)  # fmt: skip
WORDS = ("chaussure", "th\u00e9i\u00e8re", "sac")


@pytest.fixture(scope="module")
def model():
    frame = pd.DataFrame(
        {"title": [f"{word} {i % 3}" for i, word in enumerate(WORDS * 6)]}
    )
    return build("T0010-0140-0000").fit(frame, WORDS * 6)


@pytest.fixture
def label(model, tmp_path: Path):
    """Return a function that labels a table of these bytes."""

    def label(content: bytes, top: int = 1) -> LabeledTable:
        path = tmp_path / "new.csv"
        path.write_bytes(content)
        return label_table(model, CARD, path, top=top)

    return label


def read_cells(content: bytes, encoding: str = "utf-8") -> list[list[str]]:
    return [line.split(";") for line in content.decode(encoding).splitlines()]


def test_own_columns_stay_as_they_are_and_predictions_follow(label):
    table = "ref;title;prix\n007;chaussure;12,50\n;sac;3,00\n"

    content = label(table.encode()).encode()

    head, first, second = read_cells(content)
    assert head == ["ref", "title", "prix", "label", "probability"]
    assert first[:4] == ["007", "chaussure", "12,50", "chaussure"]
    assert second[:4] == ["", "sac", "3,00", "sac"]


def test_numbers_have_the_decimal_mark_of_the_table(label):
    commas = label(b"title;prix\nsac;3,00\nsac;4,20\n").encode()
    points = label(b"title;prix\nsac;3.00\nsac;4.20\n").encode()

    assert read_cells(commas)[1][-1].startswith("0,")
    assert read_cells(points)[1][-1].startswith("0.")


@pytest.mark.filterwarnings("ignore:new.csv. read as")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encoding_is_kept(label, encoding: str):
    table = "title;note\nth\u00e9i\u00e8re;\u00e9t\u00e9\nsac;no\u00ebl\n"

    content = label(table.encode(encoding)).encode()

    cells = read_cells(content, encoding)
    assert [line[:3] for line in cells] == [
        ["title", "note", "label"],
        ["th\u00e9i\u00e8re", "\u00e9t\u00e9", "th\u00e9i\u00e8re"],
        ["sac", "no\u00ebl", "sac"],
    ]
    assert content.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_kept_and_line_breaks_in_cells_quoted(label, end: str):
    table = f'title,note{end}sac,"a\rb\nc"{end}'

    content = label(table.encode()).encode()

    assert content.startswith(f"title,note,label,probability{end}".encode())
    assert b'sac,"a\rb\nc",sac,' in content
    assert content.endswith(end.encode())


def test_quotes_around_everything_are_kept(label):
    content = label(b'"ref";"title"\n"1";"sac"\n').encode()

    assert content.startswith(
        b'"ref";"title";"label";"probability"\n"1";"sac";"sac";"0.'
    )


def test_names_that_the_table_has_get_a_prefix(label):
    table = label(b"title,Label,predicted_label\nsac,old,older\n")

    assert table.added == [
        "predicted_predicted_label",
        "predicted_predicted_probability",
    ]
    head, line = table.encode().decode().splitlines()
    assert head.startswith("title,Label,predicted_label,predicted_predicted_label")
    assert line.startswith("sac,old,older,sac,")


def test_names_that_are_empty_or_occur_twice_stay(label):
    content = label(b",title,x,x\n7,sac,1,2\n").encode()

    assert content.startswith(b",title,x,x,label,probability\n7,sac,1,2,sac,")


def test_more_guesses_are_added_on_demand(label):
    table = label(b"title\nsac\n", top=10)

    assert table.to_frame().columns.tolist() == [
        "title", "label", "probability", "second", "second_probability", "third",
        "third_probability",
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore:new.csv. read as")
def test_a_label_that_the_encoding_lacks_is_written_in_utf_8(tmp_path: Path):
    frame = pd.DataFrame({"title": ["sac", "pot"] * 6})
    model = build("T0010-0140-0000").fit(frame, ["\u978b", "pot"] * 6)
    path = tmp_path / "new.csv"
    path.write_bytes("title;note\nsac;\u00e9t\u00e9\n".encode("cp1252"))

    with pytest.warns(Notice, match=r"new.csv: .*cp1252 lacks a character"):
        content = label_table(model, CARD, path).encode()

    assert "sac;\u00e9t\u00e9;\u978b" in content.decode("utf-8-sig")


def test_a_table_of_json_becomes_csv(label):
    content = label(
        b'{"title": "sac", "n": 1}\n{"title": "chaussure", "n": 2}\n'
    ).encode()

    assert content.startswith(b"title,n,label,probability\nsac,1,sac,0.")
