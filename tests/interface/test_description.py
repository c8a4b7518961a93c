"""Facts about a data set, from Python and from the command."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import rakuten_bench as rb


@pytest.fixture
def described(frame: pd.DataFrame, tmp_path: Path) -> rb.DataDescription:
    columns = {"title": "name", "label": "kind"}
    return rb.describe(frame, name="shop", cache=tmp_path / "cache", **columns)


def test_classes_are_a_table(described: rb.DataDescription, frame: pd.DataFrame):
    table = described.to_frame()

    assert table["rows"].to_dict() == frame["kind"].value_counts().to_dict()
    assert table["share"].sum() == pytest.approx(1)


def test_text_and_page_say_the_same(described: rb.DataDescription):
    page = described._repr_html_()  # what a notebook calls

    assert repr(described).startswith("shop")
    assert "90 rows, 3 classes" in repr(described)
    assert "90 rows, 3 classes" in page
    assert "<table" in page


def test_a_study_is_described_with_its_split(study: rb.Study, tmp_path: Path):
    described = rb.describe(study, cache=tmp_path / "cache")

    assert described.facts["rows"] == 90
    assert described.facts["split"]["folds"]


def test_the_command_prints_what_the_function_returns(
    frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    from command_line import enter

    frame.to_csv(tmp_path / "shop.csv", index=False)
    (tmp_path / "shop.yaml").write_text(
        "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
        "scenarios: {one: {vectorizer: tfidf, model: logreg}}\n"
    )
    study = rb.load_study(tmp_path / "shop.yaml")

    code = enter(
        "data", "describe", "--scenario-file", tmp_path / "shop.yaml",
        "--cache", tmp_path / "cache",
    )  # fmt: skip

    assert code == 0
    described = rb.describe(study, cache=tmp_path / "cache")
    assert capsys.readouterr().out.strip() == repr(described).strip()


def test_an_unknown_data_set_is_refused():
    with pytest.raises(rb.UserError, match="openmojy"):
        rb.describe("openmojy")
