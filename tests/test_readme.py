"""The README says what is so, and its commands run."""

import re
import shlex
from pathlib import Path

import pytest

from rakuten_bench.cli import main
from rakuten_bench.scenario.catalog import update_section

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


PAGES = [
    REPOSITORY / "Makefile",
    *(page for page in REPOSITORY.glob("*.md") if page.name != "CHANGELOG.md"),
    *REPOSITORY.glob("docs/*.md"),
    *REPOSITORY.glob(".github/**/*.yml"),
    *REPOSITORY.glob("scenarios/**/*.*"),
    *REPOSITORY.glob("rakuten_bench/**/*.py"),
]


def commands_of(section):
    """Return the rakuten-bench commands in the first console block of a section."""
    block = README.partition(f"## {section}\n")[2].partition("```console\n")[2]
    lines = block.partition("```")[0].splitlines()
    return [
        line.partition("#")[0].strip()
        for line in lines
        if line.startswith("rakuten-bench")
    ]


def test_the_list_of_levers_is_that_of_the_registry():
    assert update_section(README) == README, "run: make readme"


@pytest.mark.slow
def test_the_commands_of_use_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "scenarios").symlink_to(REPOSITORY / "scenarios")
    commands = commands_of("Use")
    assert len(commands) >= 6

    for command in commands:
        with pytest.raises(SystemExit) as end:
            main(shlex.split(command)[1:])
        assert end.value.code == 0, (command, capsys.readouterr())


def test_the_table_of_your_data_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (
        README.partition("## Your data")[2]
        .partition("```yaml\n")[2]
        .partition("```")[0]
    )
    assert re.search("name|text|category", text)
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    rows = [
        f"{w} {i},a {w},{w},{i}.jpg" for w in ("shoe", "pot", "hat") for i in range(15)
    ]
    (tmp_path / "shop.csv").write_text("\n".join(["name,text,category,photo", *rows]))

    with pytest.raises(SystemExit) as end:
        main(["run", "shop.yaml", "--cache", "cache", "--quiet"])

    assert end.value.code == 0, capsys.readouterr()


def test_every_scenario_file_that_is_named_is_there():
    named = {
        path
        for page in PAGES
        for path in re.findall(
            r"scenarios/[\w/.-]*\.yaml", page.read_text(encoding="utf-8")
        )
    }

    assert "scenarios/grid.yaml" in named
    assert {path for path in named if not (REPOSITORY / path).is_file()} == set()
