"""Studies from a DataFrame, from Python values, and from a file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rakuten_bench as rb
from interface.products import MATRIX, make_frame
from rakuten_bench.data.reading import read_table

FILE = """
dataset: {table: {path: shop.csv, title: name, label: kind}}
matrix: {vectorizer: [count, tfidf], model: [logreg, linear_svc]}
"""


def test_the_public_names_are_there_and_listed():
    assert set(rb.__all__) <= set(dir(rb))
    for name in rb.__all__:
        assert getattr(rb, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Studdy'"):
        _ = rb.Studdy


def test_python_values_give_the_scenarios_of_a_file(study: rb.Study, tmp_path: Path):
    (tmp_path / "shop.yaml").write_text(FILE)

    of_file = rb.load_study(tmp_path / "shop.yaml")

    assert of_file.name == "shop.yaml"
    assert of_file.to_frame().equals(study.to_frame())
    assert len(study) == len(study.scenarios) == 4


def test_a_study_shows_its_scenarios(study: rb.Study):
    table = study.to_frame()

    assert table.index.name == "code"
    assert set(table["vectorizer"]) == {"count", "tfidf"}
    assert repr(study) == "Study(dataset='shop', n_scenarios=4)"
    assert "linear_svc" in study._repr_html_()  # as a notebook calls it


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"matrix": {"modl": "logreg"}}, "study: matrix.modl: unknown lever 'modl'"),
        ({"matrix": {"model": ["logrge"]}}, "matrix.model: unknown model 'logrge'"),
        ({"matrix": MATRIX, "seed": -1}, "seed '-1' must be a whole number"),
        ({"matrix": MATRIX, "metric": "f1"}, "unknown metric 'f1'"),
        ({}, "has no scenarios. Add 'matrix' or 'scenarios'"),
        ({"matrix": MATRIX, "titel": "name"}, "unknown parameter of table 'titel'"),
        ({"matrix": MATRIX, "title": "nam"}, "title: unknown column 'nam'.*'name'"),
        ({"matrix": {"model": np.zeros(2)}}, "'ndarray' are not supported"),
    ],
)
def test_a_mistake_is_one_message(frame: pd.DataFrame, given, message):
    with pytest.raises(rb.UserError, match=message):
        rb.Study(frame, **{"label": "kind", "title": "name", **given})


def test_a_matrix_that_contains_itself_is_refused():
    matrix: dict[str, object] = {"model": "logreg"}
    matrix["include"] = [matrix]

    with pytest.raises(rb.UserError, match="nested too deeply"):
        rb.Study("openmoji", matrix=matrix)


def test_columns_are_named_for_a_frame_only():
    with pytest.raises(rb.UserError, match="name columns only for a DataFrame"):
        rb.Study("openmoji", label="kind", matrix=MATRIX)
    with pytest.raises(rb.UserError, match="type 'list' are not supported"):
        rb.Study([1, 2], label="kind", matrix=MATRIX)


def test_numpy_scalars_tuples_and_paths_are_values():
    matrix = {"model": [{"linear_svc": {"C": (np.float64(0.5), np.int64(2))}}]}

    study = rb.Study("openmoji", matrix=matrix, seed=np.int64(7))

    assert set(study.to_frame()["model"]) == {"linear_svc(C=0.5)", "linear_svc(C=2.0)"}


def resolve(frame: pd.DataFrame, cache: Path, **params) -> pd.DataFrame:
    study = rb.Study(frame, label="kind", title="name", matrix=MATRIX, **params)
    return read_table(Path(study.resolve(cache).dataset.params["path"])).frame


def test_values_of_a_frame_come_through_unchanged(tmp_path: Path):
    texts = ["a,b", 'say "hi"', "two\nlines", "NULL", " spaces ", "é日本", "a\tb", None]
    labels = [2583, 9007199254740993, 1, 2, 3, 4, 5, 6]
    frame = pd.DataFrame({"name": texts, "kind": labels}, index=[*"abcdefgh"])

    read = resolve(frame, tmp_path)

    assert read["name"].tolist() == [*texts[:-1], ""]
    assert read["kind"].tolist() == [str(label) for label in labels]
    assert read["index"].tolist() == [*"abcdefgh"]


def test_only_the_columns_that_are_used_are_kept_once(frame: pd.DataFrame, tmp_path):
    first = resolve(frame, tmp_path)
    again = resolve(frame.copy(), tmp_path)

    assert [*first.columns] == ["name", "kind", "index"]
    assert first.equals(again)
    assert len([*tmp_path.rglob("*.jsonl")]) == 1


def test_columns_with_our_names_need_not_be_named(tmp_path: Path):
    frame = make_frame(9).rename(columns={"name": "title", "kind": "label"})

    study = rb.Study(frame.reset_index(drop=True), matrix=MATRIX)

    params = study.resolve(tmp_path).dataset.params
    assert {params["title"], params["label"]} == {"title", "label"}
    assert "id" not in params


def test_a_column_that_is_there_twice_is_refused(frame: pd.DataFrame):
    twice = pd.concat([frame, frame[["name"]]], axis=1)

    with pytest.raises(rb.UserError, match="column 'name' is there 2 times"):
        rb.Study(twice, label="kind", title="name", matrix=MATRIX)


def test_a_file_that_is_not_there_is_one_message():
    with pytest.raises(rb.UserError, match=re.escape("none.yaml: file not found")):
        rb.load_study("none.yaml")
