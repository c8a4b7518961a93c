"""From a board to use, in Python: export, load, predict, explain."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rakuten_bench as rb
from rakuten_bench.executor.thread import VARIABLES, limited_threads


@pytest.fixture(scope="module")
def model(board: rb.Board, folder: Path) -> rb.Model:
    scenario = next(one for one in board if one.levers["model"] == "logreg")

    card = scenario.export(folder / "model.joblib")

    model = rb.load_model(folder / "model.joblib")
    assert model.card == card
    return model


def test_an_exported_model_predicts_what_the_record_says(
    model: rb.Model, board: rb.Board, frame: pd.DataFrame
):
    rows = board[model.card.code].predictions

    found = model.predict(frame.loc[rows.index, ["name"]])

    assert found.index.equals(rows.index)
    assert (found["label"] == rows["predicted"]).all()
    assert np.allclose(found["probability"], rows["probability"], atol=1e-6)
    assert {"second", "third", "third_probability"} <= {*found.columns}


def test_a_table_is_predicted_as_its_frame(
    model: rb.Model, frame: pd.DataFrame, tmp_path: Path
):
    frame.rename_axis("index").reset_index().to_csv(tmp_path / "new.csv", index=False)

    of_file = model.predict(tmp_path / "new.csv")

    assert of_file["id"].tolist() == frame.index.tolist()
    of_frame = model.predict(frame)
    assert of_file.drop(columns="id").equals(of_frame.reset_index(drop=True))


def test_columns_of_other_names_are_named(model: rb.Model, frame: pd.DataFrame):
    other = frame.rename(columns={"name": "listing"})

    assert model.predict(other, columns={"title": "listing"}).equals(
        model.predict(frame)
    )
    with pytest.raises(rb.UserError, match=r"column 'name'"):
        model.predict(other)


def test_an_odd_index_and_labels_come_back_as_they_are(
    model: rb.Model, frame: pd.DataFrame
):
    odd = frame.iloc[[3, 3, 5]]
    odd.index = pd.Index([7, 7, -1])

    found = model.predict(odd)

    assert found.index.tolist() == [7, 7, -1]
    assert found["label"].iloc[0] == found["label"].iloc[1]


def test_export_by_code_writes_the_same_model(
    model: rb.Model, board: rb.Board, folder: Path, tmp_path: Path
):
    card = rb.export(
        model.card.code, tmp_path / "same.joblib",
        results=folder / "results", cache=folder / "cache",
    )  # fmt: skip

    assert card.scores == model.card.scores
    assert json.loads((tmp_path / "same.card.json").read_text())["code"] == card.code
    with pytest.raises(rb.UserError, match="unknown scenario"):
        rb.export("T9", tmp_path / "none.joblib", results=folder / "results")


def test_a_text_and_a_row_are_explained(
    model: rb.Model, frame: pd.DataFrame, tmp_path: Path
):
    frame.rename_axis("index").reset_index().to_csv(tmp_path / "new.csv", index=False)

    text = model.explain("red shoe")
    row = model.explain(table=tmp_path / "new.csv", row="p0")

    assert text.label == "shoe"
    assert text.method == "linear"
    assert any("shoe" in word for word, _ in row.parts)
    with pytest.raises(rb.UserError, match="either a text, or a table"):
        model.explain()


def test_threads_are_limited_inside_the_block_only():
    before = {name: os.environ.get(name) for name in VARIABLES}

    with limited_threads(1):
        inside = {os.environ[name] for name in VARIABLES}

    assert inside == {"1"}
    assert {name: os.environ.get(name) for name in VARIABLES} == before


def test_a_model_is_shown_in_short(model: rb.Model):
    assert repr(model).startswith(f"Model('{model.card.code}', f1_weighted=")
