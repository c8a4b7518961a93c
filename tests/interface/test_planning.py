"""A plan from Python: nothing is run, and the command prints the same."""

from __future__ import annotations

from pathlib import Path

import pytest

import rakuten_bench as rb


def test_a_plan_counts_what_is_shared_and_to_run(study: rb.Study, tmp_path: Path):
    plan = study.plan(results=tmp_path / "results", cache=tmp_path / "cache", jobs=1)

    assert (plan.n_scenarios, plan.n_to_run) == (4, 4)
    assert plan.n_shared > 0
    assert plan.n_cached == 0
    table = plan.to_frame()
    assert table["steps"].sum() == plan.n_steps == table["to_compute"].sum()
    assert table["seconds"].sum() == pytest.approx(plan.seconds)
    assert plan.scenarios()["to_run"].all()
    assert not (tmp_path / "results").exists()


def test_after_a_run_nothing_is_left_to_do(
    study: rb.Study, board: rb.Board, folder: Path
):
    plan = study.plan(results=folder / "results", cache=folder / "cache", jobs=1)

    assert plan.n_to_run == 0
    assert plan.n_cached > 0
    assert {*plan.scenarios().index} == {one.code for one in board}
    assert "(0 to run" in repr(plan)
    assert "<table" in plan._repr_html_()  # what a notebook calls


def test_the_command_prints_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    from command_line import enter

    rows = [f"{word} {i},{word}" for word in ("shoe", "pot") for i in range(9)]
    (tmp_path / "shop.csv").write_text("\n".join(["name,kind", *rows]))
    file = tmp_path / "shop.yaml"
    file.write_text(
        "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
        "scenarios: {one: {vectorizer: tfidf, model: logreg}}\n"
    )
    settings = {"results": tmp_path / "results", "cache": tmp_path / "cache", "jobs": 1}
    words = [part for key, one in settings.items() for part in (f"--{key}", one)]

    code = enter("plan", file, *words, "--scenarios")

    assert code == 0
    plan = rb.load_study(file).plan(**settings)
    printed = capsys.readouterr().out
    assert printed.startswith(repr(plan))
    assert printed.splitlines()[-1] == next(plan.iter_scenario_lines())
