"""Boards from Python: the same numbers as the records, as frames and figures."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, f1_score

import rakuten_bench as rb
from interface.products import MATRIX
from rakuten_bench.errors import Notice
from rakuten_bench.records import read_predictions, read_record
from rakuten_bench.store.inventory import clear


def test_a_run_gives_its_board_best_first(board: rb.Board):
    table = board.to_frame()

    assert len(board) == len(table) == 4
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["f1_weighted"].is_monotonic_decreasing
    assert (table["status"] == "ok").all()
    assert (table["error"] == "").all()
    assert [one.code for one in board] == table.index.tolist()
    assert board.best.code == table.index[0]
    assert board.metric == "f1_weighted"
    assert "shop: 18 test rows" in board.title
    assert table["low"].le(table["f1_weighted"]).all()


def test_scores_are_those_of_the_record_and_of_scikit_learn(board: rb.Board):
    for result in board:
        rows = result.predictions
        record = read_record(result.folder)

        expected = f1_score(rows["true"], rows["predicted"], average="weighted")
        assert result.scores["f1_weighted"] == pytest.approx(expected)
        assert record.scores.f1_weighted == result.scores["f1_weighted"]
        matrix = confusion_matrix(rows["true"], rows["predicted"])
        assert (result.confusion.to_numpy() == matrix).all()
        assert result.classes["support"].sum() == len(rows)


def test_rows_have_the_ids_of_the_frame(board: rb.Board, frame: pd.DataFrame):
    rows = board.best.predictions

    assert set(rows.index) <= set(frame.index)
    assert (frame.loc[rows.index, "kind"] == rows["true"]).all()


def test_probabilities_are_those_of_the_predictions(board: rb.Board):
    found = {one.levers["model"]: one for one in board}
    logreg, svc = found["logreg"], found["linear_svc"]

    chances = logreg.probabilities
    assert np.allclose(chances.sum(axis=1), 1, atol=1e-6)
    assert (chances.idxmax(axis=1) == logreg.predictions["predicted"]).all()
    assert chances.max(axis=1).tolist() == logreg.predictions["probability"].tolist()
    assert svc.probabilities is None
    assert svc.predictions["probability"].isna().all()


def test_wrong_rows_come_with_their_text(board: rb.Board, frame: pd.DataFrame):
    wrong = next(one for one in board if one.scores["accuracy"] < 1).errors()

    assert len(wrong)
    assert (wrong["true"] != wrong["predicted"]).all()
    assert wrong["text"].tolist() == frame.loc[wrong.index, "name"].tolist()


def test_a_cleared_cache_has_no_texts_until_the_study_runs_again(
    study: rb.Study, tmp_path: Path
):
    words = {"results": tmp_path / "results", "cache": tmp_path / "cache"}
    rb.run(study, progress=False, **words)
    clear(tmp_path / "cache")
    assert not [*(tmp_path / "cache" / "frames").glob("*")]

    with pytest.warns(Notice, match=r"without their text\. .*no such file"):
        without = rb.load_board(**words).best.errors()
    board = rb.run(study, progress=False, **words)

    assert "text" not in without
    assert board.best.errors()["text"].str.len().min() > 0


def test_a_scenario_is_found_by_code_and_by_name(
    frame: pd.DataFrame, folder: Path, board: rb.Board
):
    named = {"ours": {"vectorizer": "tfidf", "model": "ridge"}}
    study = rb.Study(
        frame, title="name", label="kind", name="shop", scenarios=named,
        defaults={"text": {"tokenizer": "regex"}},
    )  # fmt: skip

    found = rb.run(study, results=folder / "named", cache=folder / "cache")

    assert found["ours"].code == found.best.code
    assert "ours" in found
    assert found.best.code in found
    assert "theirs" not in found
    with pytest.raises(rb.UserError, match=r"unknown scenario 'our'.*mean 'ours'"):
        found["our"]


def test_effects_and_comparisons_are_frames(board: rb.Board):
    effects = board.effects().to_frame()
    first, second = board.to_frame().index[:2]
    comparison = board.compare(first, board[second])

    assert effects.index.names == ["lever", "option"]
    assert set(effects.loc["model"].index) == {"logreg", "linear_svc"}
    assert effects.loc["model", "estimate"].sum() == pytest.approx(0)
    difference = board[second].scores["accuracy"] - board[first].scores["accuracy"]
    assert comparison.to_frame().loc["accuracy", "estimate"] == pytest.approx(
        difference
    )
    assert len(comparison.levers)
    assert len(comparison.changes) >= abs(difference) * 18
    assert set(comparison.classes.index) == {"shoe", "pot", "hat"}
    assert 0 <= comparison.mcnemar <= 1
    assert isinstance(board.effects().interactions(), pd.DataFrame)


def test_figures_and_pages_are_drawn(board: rb.Board, tmp_path: Path):
    figures = [
        board.plot(),
        board.plot_classes(),
        board.effects().plot(),
        board.best.plot(),
    ]
    page = board.to_html(tmp_path / "board.html")

    for number, figure in enumerate(figures):
        figure.savefig(tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 5000
    assert board.best.code in page.read_text("utf-8")
    assert board.render("markdown").count("|") > 20
    assert len(json.loads(board.render("json"))) == 4


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_board_prints_in_any_encoding(
    board: rb.Board, monkeypatch: pytest.MonkeyPatch, encoding: str
):
    """Python encodes strictly, and Windows redirects output to a code page."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stream)

    for shown in (board, board.effects(), board.compare(*list(board)[:2])):
        stream.write(str(shown))

    stream.flush()
    printed = stream.buffer.getvalue().decode(encoding)
    assert board.best.code in printed
    assert "-----" in printed


def test_what_a_notebook_shows_is_escaped(board: rb.Board):
    parts = [
        board,
        board.best,
        board.effects(),
        board.compare(*board.to_frame().index[:2]),
    ]

    for part in parts:
        page = part._repr_html_()  # as a notebook calls it
        assert "<script" not in page
        assert len(page) > 100
        assert repr(part)
    page = board._repr_html_()
    assert board.best.code in page
    assert f"{board.best.scores['f1_weighted']:.4f}" in page
    assert "<td>1*</td>" in page
    assert "<th>vectorizer</th>" in page
    assert "<th>stopwords</th>" not in page  # the same in all: said below the table
    assert "Off in all: language, stopwords" in page


def test_a_board_is_loaded_from_its_records(board: rb.Board, folder: Path):
    loaded = rb.load_board(folder / "results", cache=folder / "cache")
    by_accuracy = rb.load_board(folder / "results", "shop", metric="accuracy")

    pd.testing.assert_frame_equal(loaded.to_frame(), board.to_frame())
    assert by_accuracy.to_frame()["accuracy"].is_monotonic_decreasing
    with pytest.raises(rb.UserError, match="unknown metric 'acuracy'"):
        rb.load_board(folder / "results", metric="acuracy")
    with pytest.raises(rb.UserError, match="has no records"):
        rb.load_board(folder / "nothing")


def test_of_several_boards_one_must_be_named(
    frame: pd.DataFrame, board: rb.Board, folder: Path
):
    study = rb.Study(
        frame, title="name", label="kind", name="shop", split={"kfold": {"n_splits": 2}},
        scenarios={"one": {"model": "dummy"}},
    )  # fmt: skip
    rb.run(study, results=folder / "two", cache=folder / "cache", progress=False)
    again = rb.Study(frame, title="name", label="kind", name="other", matrix=MATRIX)
    rb.run(again, results=folder / "two", cache=folder / "cache", progress=False)

    with pytest.raises(rb.UserError, match="several boards: other, shop@kfold-2"):
        rb.load_board(folder / "two")
    assert len(rb.load_board(folder / "two", "shop")) == 1


def test_a_failure_is_a_row_and_says_why(frame: pd.DataFrame, folder: Path):
    failing = {"wrong": {"vectorizer": {"tfidf": {"min_df": 1000}}, "model": "logreg"}}
    study = rb.Study(frame, title="name", label="kind", name="shop", scenarios=failing)

    board = rb.run(
        study, results=folder / "failed", cache=folder / "cache", progress=False
    )

    [failed] = board.failures
    assert failed.status == "failed"
    assert failed.error
    assert failed.rank is None
    assert np.isnan(board.to_frame()["f1_weighted"].iloc[0])
    for ask in (
        lambda: failed.confusion,
        lambda: failed.predictions,
        lambda: failed.errors(),
        lambda: failed.classes,
        lambda: failed.plot(),
        lambda: board.best,
        lambda: board.plot(),
    ):
        with pytest.raises(rb.UserError, match=r"has no scores|no scenario has scores"):
            ask()


def test_a_second_run_computes_nothing_and_a_setting_is_checked(
    study: rb.Study, board: rb.Board, folder: Path, capsys: pytest.CaptureFixture[str]
):
    again = rb.run(study, results=folder / "results", cache=folder / "cache")

    assert "shop: 4 scenarios, 0 to run" in capsys.readouterr().err
    pd.testing.assert_frame_equal(again.to_frame(), board.to_frame())
    for setting, message in (
        ({"rerun": "alll"}, "unknown rerun 'alll'. Did you mean 'all'"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"time_limit": "soon"}, "'soon'"),
        ({"executor": "dusk"}, "unknown executor 'dusk'. Did you mean 'dask'"),
    ):
        with pytest.raises(rb.UserError, match=message):
            rb.run(study, results=folder / "results", **setting)


def test_a_result_is_built_as_an_estimator(board: rb.Board, frame: pd.DataFrame):
    result = board.best
    rows = result.predictions
    train = frame.drop(rows.index).rename(columns={"name": "title"})
    test = frame.loc[rows.index].rename(columns={"name": "title"})

    model = result.build().fit(train[["title"]], train["kind"])

    assert (model.predict(test[["title"]]) == rows["predicted"]).all()
    assert read_record(result.folder).seed == model.random_state
    stored = read_predictions(result.folder)
    assert [stored.classes[one] for one in stored.predicted] == [*rows["predicted"]]


def test_python_and_the_command_line_give_the_same_board(
    frame: pd.DataFrame, board: rb.Board, tmp_path: Path
):
    frame.rename_axis("id").reset_index().to_csv(tmp_path / "shop.csv", index=False)
    (tmp_path / "shop.yaml").write_text(
        "dataset: {table: {path: shop.csv, title: name, label: kind, id: id}}\n"
        f"matrix: {json.dumps(MATRIX)}\n"
    )
    words = ["run", "shop.yaml", "--cache", "cache", "--quiet"]
    command = [sys.executable, "-m", "rakuten_bench", *words]

    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    other = rb.load_board(tmp_path / "results", cache=tmp_path / "cache")
    times = ["fit_time", "own_time", "saved_time", "pareto"]
    pd.testing.assert_frame_equal(
        other.to_frame().drop(columns=[*times, "rank"]).sort_index(),
        board.to_frame().drop(columns=[*times, "rank"]).sort_index(),
    )
    for one in other:
        assert one.predictions.equals(board[one.code].predictions)
