"""The scenario files that come with the package."""

from pathlib import Path

import pytest

from rakuten_bench.errors import UserError
from rakuten_bench.scenario.load import load_study
from rakuten_bench.starter.example import copy_example, find_examples

REPOSITORY = Path(__file__).parents[2]


def test_every_scenario_file_of_the_repository_is_listed(call):
    code, out, _ = call("scenarios")

    files = (REPOSITORY / "scenarios").rglob("*.yaml")
    names = {file.relative_to(REPOSITORY / "scenarios") for file in files}
    assert {f"{name}.yaml" for name in find_examples()} == {n.as_posix() for n in names}
    assert code == 0
    assert "Which levers pay on short multilingual names" in out


@pytest.mark.parametrize("name", ["grid", "grid.yaml", "scenarios/grid.yaml"])
def test_an_example_is_copied_by_its_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)

    copied = copy_example(name)

    assert copied == Path("grid.yaml")
    assert len(load_study(copied).scenarios) == 37


def test_an_example_is_copied_to_a_new_file_or_into_a_folder(tmp_path):
    file = copy_example("text/levers", tmp_path / "new" / "mine.yaml")
    other = copy_example("levers", tmp_path)

    assert file.read_bytes() == other.read_bytes()
    assert other.name == "levers.yaml"


def test_an_existing_file_is_not_replaced(tmp_path):
    (tmp_path / "grid.yaml").write_text("mine")

    with pytest.raises(UserError, match=r"grid.yaml: exists\."):
        copy_example("grid", tmp_path)
    assert (tmp_path / "grid.yaml").read_text() == "mine"


def test_an_unknown_example_gets_a_suggestion():
    with pytest.raises(
        UserError, match=r"unknown example 'gird'\. Did you mean 'grid'"
    ):
        copy_example("gird")
