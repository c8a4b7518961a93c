"""The gate from Python: approve scores, run again, check."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import rakuten_bench as rb
from interface.products import MATRIX


@pytest.fixture
def baseline(study: rb.Study, board: rb.Board, folder: Path, tmp_path: Path) -> Path:
    file = tmp_path / "baseline.json"

    lines = rb.approve(
        study, baseline=file, rows=True, results=folder / "results", cache=folder / "cache"
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


def test_what_got_worse_fails_and_is_named(study: rb.Study, folder: Path, baseline: Path):
    approved = json.loads(baseline.read_text())
    text = baseline.read_text()
    assert approved["boards"]
    better = text.replace('"f1_weighted": 0.', '"f1_weighted": 1.')
    baseline.write_text(better)
    (baseline.parent / "baseline.npz").unlink(missing_ok=True)

    with pytest.raises(rb.UserError, match="baseline"):
        check(study, folder, baseline)


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
