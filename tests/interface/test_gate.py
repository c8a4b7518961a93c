"""The gate from Python: approve scores, run again, check."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import rakuten_bench as rb
from interface.products import MATRIX


@pytest.fixture
def baseline(study: rb.Study, board: rb.Board, folder: Path, tmp_path: Path) -> Path:
    file = tmp_path / "baseline.json"

    lines = rb.approve(
        study,
        baseline=file,
        rows=True,
        results=folder / "results",
        cache=folder / "cache",
    )

    assert lines[0] == f"{file}: 4 scenarios of shop with rows"
    return file


def check(study: rb.Study, folder: Path, baseline: Path, **words) -> object:
    return rb.check(
        study, baseline=baseline, results=folder / "results", cache=folder / "cache",
        **words,
    )  # fmt: skip


def test_what_was_approved_passes(study: rb.Study, folder: Path, baseline: Path):
    found = check(study, folder, baseline)

    table = found.to_frame()
    assert found.passed
    assert found.exit_code == 0
    assert set(table["status"]) == {"ok"}
    assert (table["change"] == 0).all()
    assert table.loc["shop"].shape[0] == 4
    assert "ok" in repr(found)
    assert "testsuite" in found.render("junit")
    assert "<table" in found._repr_html_()  # as a notebook calls it


def test_what_got_worse_fails_and_is_named(frame: pd.DataFrame, folder: Path, tmp_path):
    good, bad = (
        rb.Study(
            frame, title="name", label="kind", name="shop",
            scenarios={"ours": {"vectorizer": "tfidf", "model": model}},
        )
        for model in ("logreg", "dummy")
    )  # fmt: skip
    words = {"results": tmp_path / "results", "cache": folder / "cache"}
    rb.run(good, progress=False, **words)
    rb.approve(good, baseline=tmp_path / "baseline.json", rows=True, **words)
    rb.run(bad, progress=False, **words)

    found = rb.check(bad, baseline=tmp_path / "baseline.json", **words)

    [row] = found.to_frame().to_dict("records")
    assert found.exit_code == 1
    assert (row["name"], row["status"]) == ("ours", "regressed")
    assert row["change"] == row["now"] - row["before"] < 0


def test_a_study_without_records_can_not_be_measured(
    frame: pd.DataFrame, folder: Path, baseline: Path
):
    fewer = MATRIX | {"model": ["logreg"]}
    study = rb.Study(frame, title="name", label="kind", name="shop", matrix=fewer)

    found = check(study, folder, baseline)

    assert not found.passed
    assert found.exit_code == 2
    assert sorted(found.to_frame()["status"]) == ["missing"] * 2 + ["ok"] * 2


def test_a_baseline_that_is_not_there_is_one_message(study: rb.Study, folder: Path):
    with pytest.raises(rb.UserError, match=r"none\.json"):
        check(study, folder, Path("none.json"))
