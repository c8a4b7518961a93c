"""Explain, compare, why and show from Python are what the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

import rakuten_bench as rb
from command_line import enter


@pytest.fixture
def places(folder: Path) -> dict[str, Path]:
    return {"results": folder / "results", "cache": folder / "cache"}


def words_of(places: dict[str, Path]) -> list[object]:
    return [part for name, path in places.items() for part in (f"--{name}", path)]


def test_a_text_and_a_row_of_a_scenario_are_explained(board: rb.Board):
    scenario = next(one for one in board if one.levers["model"] == "logreg")

    text = scenario.explain("red shoe", n_shown=1)
    row = scenario.explain(row="p1", label="pot")

    assert text.label == "shoe"
    assert text.to_frame().shape == (1, 1)
    assert text.head == f"{scenario.code}: 'red shoe'"
    assert row.label == "pot"
    assert "row p1" in str(row)
    assert "<pre>" in text._repr_html_()  # what a notebook calls
    with pytest.raises(rb.UserError, match="either a text or the id of a row"):
        scenario.explain()


def test_the_command_prints_the_explanation(
    board: rb.Board, places: dict[str, Path], capsys: pytest.CaptureFixture[str]
):
    code = board.best.code

    enter("explain", code, "--row", "p1", *words_of(places))

    printed = capsys.readouterr().out
    assert printed.strip() == str(rb.explain(code, row="p1", **places)).strip()


def test_the_command_prints_why_nothing_has_changed(
    board: rb.Board, places: dict[str, Path], capsys: pytest.CaptureFixture[str]
):
    code = board.best.code

    enter("why", code, *words_of(places))
    found = rb.why(code, **places)

    assert found.is_current
    assert found.to_frame().empty
    assert capsys.readouterr().out.strip() == repr(found)


def test_a_comparison_without_a_board_is_that_of_the_board(
    board: rb.Board, places: dict[str, Path]
):
    a, b = [one.code for one in board][:2]

    found = rb.compare(a, b, results=places["results"])

    assert found.to_frame().equals(board.compare(a, b).to_frame())


def test_the_command_shows_the_text_of_a_scenario(
    board: rb.Board, places: dict[str, Path], capsys: pytest.CaptureFixture[str]
):
    best = board.best

    enter("show", best.code, "--results", places["results"])

    assert capsys.readouterr().out.strip() == best.render().strip()
