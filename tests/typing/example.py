"""What people write, for the type checkers: they read it, nothing runs it."""

from __future__ import annotations

from typing import assert_type

import matplotlib.figure
import numpy as np
import pandas as pd

import rakuten_bench as rb


def compare_levers(shop: pd.DataFrame) -> pd.DataFrame:
    study = rb.Study(
        shop,
        title="name",
        label="kind",
        name="shop",
        matrix={"vectorizer": ["count", "tfidf"], "model": ["logreg", "linear_svc"]},
    )
    board = rb.run(study, jobs=2, time_limit="10m", memory_limit="6GB")
    assert_type(board, rb.Board)
    first, second, *_ = board
    assert_type(first, rb.ScenarioResult)
    assert_type(board.compare(first, second).to_frame(), pd.DataFrame)
    assert_type(board.plot(), matplotlib.figure.Figure)
    assert_type(board.effects().to_frame(), pd.DataFrame)
    board.to_html("board.html")
    return board.to_frame()


def look_at_one(board: rb.Board, code: str) -> pd.DataFrame:
    result = board[code]
    assert_type(result.confusion, pd.DataFrame)
    assert_type(result.predictions, pd.DataFrame)
    assert_type(result.probabilities, pd.DataFrame | None)
    assert_type(result.levers, dict[str, str])
    if board.failures:
        return board.failures[0].errors()
    return board.best.errors()


def gate(study: rb.Study) -> bool:
    rb.approve(study, rows=True)
    checked = rb.check(study)
    assert_type(checked, rb.CheckResult)
    assert_type(checked.to_frame(), pd.DataFrame)
    return checked.passed


def deploy(result: rb.ScenarioResult, rows: pd.DataFrame) -> pd.DataFrame:
    result.export("model.joblib")
    model = rb.load_model("model.joblib")
    assert_type(model, rb.Model)
    return model.predict(rows)


def fit_one(texts: pd.DataFrame, labels: list[str]) -> object:
    model = rb.build("T0011-0120-0000")
    model.fit(texts, labels)
    predicted = model.predict(texts)
    np.asarray(predicted)
    return predicted


def files(path: str) -> rb.Board:
    study = rb.load_study(path)
    assert_type(study, rb.Study)
    try:
        return rb.run(study)
    except rb.UserError:
        return rb.load_board("results", dataset="shop")
