"""`build` makes a scikit-learn estimator of levers, a code, a record or a file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import rakuten_bench as rb

FILE = """
dataset: {table: {path: shop.csv, title: name, label: kind}}
seed: 7
defaults: {tokenizer: regex, vectorizer: tfidf}
scenarios:
  linear: {model: {linear_svc: {C: 3}}}
  bayes: {model: complement_nb}
  same: {model: complement_nb}
  both: {fusion: mean, members: [bayes, {model: logreg}]}
"""
ONE = "dataset: openmoji\nscenarios: [T0010-0120-0000]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("kind", ["result", "folder", "file", "text"])
def test_a_record_gives_the_estimator_that_was_run(
    board: rb.Board, frame: pd.DataFrame, kind: str
):
    result = board.best
    rows = result.predictions
    table = frame.rename(columns={"name": "title"})[["title"]]
    given: dict[str, Any] = {
        "result": result,
        "folder": result.folder,
        "file": result.folder / "record.json",
        "text": str(result.folder),
    }

    model = rb.build(given[kind])

    assert model.scenario.code == result.code
    assert model.random_state == result.record.seed
    model.fit(table.drop(rows.index), frame["kind"].drop(rows.index))
    assert (model.predict(table.loc[rows.index]) == rows["predicted"]).all()


@pytest.mark.parametrize("kind", ["path", "text", "study"])
def test_a_scenario_of_a_file_is_found_by_its_name_or_code(file: Path, kind: str):
    study = rb.load_study(file)
    given: Any = {"path": file, "text": str(file), "study": study}[kind]

    model = rb.build(given, name="linear")

    assert model.model == {"linear_svc": {"C": 3.0}}
    assert model.random_state == 7
    assert Path(model.base) == file.parent.resolve()
    code = model.scenario.code
    assert code in study.to_frame().index
    assert rb.build(given, name=code).get_params() == model.get_params()
    assert rb.build(given, name="same").model == rb.build(given, name="bayes").model
    assert len(rb.build(given, name="both").members) == 2


def test_the_only_scenario_of_a_file_needs_no_name(tmp_path: Path):
    (tmp_path / "one.yaml").write_text(ONE)

    model = rb.build(tmp_path / "one.yaml")

    assert model.scenario.code == "T0010-0120-0000"


def test_levers_and_the_seed_of_a_record_can_be_replaced(board: rb.Board, file: Path):
    result = board.best

    model = result.build(random_state=5, n_jobs=2, model={"ridge": {"alpha": 2}})

    assert (model.random_state, model.n_jobs) == (5, 2)
    assert model.scenario["model"].option == "ridge"
    assert model.scenario["vectorizer"].option == result.record.levers["vectorizer"]
    other = rb.build(file, name="linear", random_state=1, vectorizer="count")
    assert (other.random_state, other.vectorizer) == (1, "count")


def test_files_are_relative_to_the_scenario_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "one.yaml").write_text(
        "dataset: openmoji\nscenarios: [{model: {external: {path: scores.csv}}}]\n"
    )
    (tmp_path / "scores.csv").write_text("id,a,b\n0,0.9,0.1\n1,0.2,0.8\n")
    monkeypatch.chdir("/")

    model = rb.build(tmp_path / "one.yaml")

    assert model.get_params()["model__path"] == "scores.csv"
    rows = pd.DataFrame({"id": ["0", "1"], "title": ["red", "blue"]})
    assert model.fit(rows, ["a", "b"]).predict(rows).tolist() == ["a", "b"]


def test_what_is_not_found_is_refused(file: Path, board: rb.Board, tmp_path: Path):
    copied = shutil.copytree(board.best.folder, tmp_path / "torn")
    (copied / "record.json").write_text("{")
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (file, {"name": "linaer"}, "unknown scenario 'linaer'. Did you mean 'linear'?"),
        (file, {}, r"has 3 scenarios\. Choose one: name='linear'"),
        (tmp_path / "no.yaml", {}, r"no\.yaml: file not found"),
        (copied, {}, r"record\.json: can't be read"),
        (tmp_path, {}, "has no record.json. Name a record or a scenario file"),
        ("tfidf", {}, "'tfidf' is not a scenario code"),
        ("T0011-0120-0000", {"name": "x"}, "name: 'x' is looked up in a study"),
        ("T0011-0120-0000-abcdef", {}, "is a hash of parameters"),
        (7, {}, "7 is not a code, such as"),
        (None, {}, "None is not a code, such as"),
    ]

    for given, settings, message in cases:
        with pytest.raises(rb.UserError, match=message):
            rb.build(given, **settings)
