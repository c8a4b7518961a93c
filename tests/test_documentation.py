"""Files and links in the documentation exist, and its examples run."""

import inspect
import re
import shlex
import tomllib
from itertools import pairwise, takewhile
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from rakuten_bench.cli import main
from rakuten_bench.registry.lever import Lever
from rakuten_bench.registry.option import Declared
from rakuten_bench.scenario.catalog import render_page
from rakuten_bench.scenario.document import load_document
from rakuten_bench.scenario.load import KEYS, load_study
from rakuten_bench.scenario.schema import build_schema

REPOSITORY = Path(__file__).parents[1]
PAGES = [
    *(
        REPOSITORY / f"{name}.md"
        for name in ("README", "CONTRIBUTING", "SECURITY", "CODE_OF_CONDUCT")
    ),
    REPOSITORY / "scenarios" / "README.md",
    *sorted(REPOSITORY.glob("docs/*.md")),
]
#: Other files that name scenario files: help texts, workflows, comments.
NAMING = [
    REPOSITORY / "Makefile",
    *REPOSITORY.glob(".ci/*"),
    *REPOSITORY.glob(".github/**/*.yml"),
    *REPOSITORY.glob("bench/*.py"),
    *REPOSITORY.glob("scenarios/**/*.yaml"),
    *REPOSITORY.glob("rakuten_bench/**/*.py"),
]
#: What a page takes for granted before its first command.
BEFORE = {
    "docs/board.md": ["run scenarios/grid.yaml"],
    "docs/data.md": [],
    "docs/export.md": ["run shop.yaml"],
    "docs/gate.md": [],
    "docs/running.md": [
        "run scenarios/gate/smoke.yaml --results other-machine/results"
    ],
    "docs/scenarios.md": [],
    "README.md": [],
}


def name_of(page):
    return page.relative_to(REPOSITORY).as_posix()


def read(name):
    return (REPOSITORY / name).read_text(encoding="utf-8")


def blocks_of(name, language):
    """Return the code blocks of a page that are in one language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", read(name), re.DOTALL | re.MULTILINE
    )


def commands_of(name):
    """Return the arguments of each rakuten-bench command in the console blocks of a page."""
    lines = "".join(blocks_of(name, "console")).splitlines()
    commands = [shlex.split(line, comments=True) for line in lines]
    return [
        list(takewhile(lambda word: word != ">", words[1:]))
        for words in commands
        if words[:1] == ["rakuten-bench"]
    ]


def anchors_of(page):
    """Return GitHub's anchor of a heading."""
    text = re.sub(
        r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def studies_of(name):
    """Return the scenario files that a page shows; not the workflows."""
    blocks = blocks_of(name, "yaml")
    return [one for one in blocks if "scenarios:" in one and "uses:" not in one]


def shops_of(name):
    """Return the scenario files over a table that a page shows."""
    return [block for block in studies_of(name) if "path: shop.csv" in block]


@pytest.fixture(scope="module")
def schema():
    return Draft7Validator(build_schema())


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def call(cache, tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in a folder with a shop and our scenarios."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(cache))
    (tmp_path / "scenarios").symlink_to(REPOSITORY / "scenarios")
    rows = [
        f"{w} {i},a {w},{w},{i}.jpg" for w in ("shoe", "pot", "hat") for i in range(15)
    ]
    for table in ("shop.csv", "new.csv", "products.csv"):
        Path(table).write_text("\n".join(["name,text,category,photo", *rows]))
    Path("shop.yaml").write_text(shops_of("README.md")[0], encoding="utf-8")

    def run_command(words):
        with pytest.raises(SystemExit) as end:
            main(words)
        printed = capsys.readouterr()
        assert end.value.code == 0, (words, printed)
        return printed.out

    return run_command


def test_the_list_of_levers_is_that_of_the_registry():
    assert read("docs/levers.md") == render_page(), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    broken = []

    for link in links:
        path, _, anchor = link.partition("#")
        if "://" not in link:
            target = page.parent / path if path else page
            if not target.exists() or (anchor and anchor not in anchors_of(target)):
                broken.append(link)

    assert broken == []


def test_every_page_of_the_documentation_is_listed_in_the_readme():
    linked = set(re.findall(r"\((docs/\w+\.md)\)", read("README.md")))

    assert linked == {name_of(page) for page in REPOSITORY.glob("docs/*.md")}


def test_every_key_of_a_scenario_file_is_described():
    table = read("docs/scenarios.md").partition("## Keys")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == KEYS.keys()


def test_every_argument_of_the_decorator_is_described():
    signature = inspect.signature(Lever.option)
    keywords = {
        name
        for name, one in signature.parameters.items()
        if one.kind is one.KEYWORD_ONLY
    }
    described = read("docs/options.md").partition("## Arguments of the decorator")[2]

    assert keywords | set(Declared.__annotations__) <= set(
        re.findall(r"`(\w+)`", described)
    )


def test_the_rooms_of_contributing_are_the_layers_that_are_enforced():
    tools = tomllib.loads(read("pyproject.toml"))["tool"]
    lines = tools["importlinter"]["contracts"][0]["layers"]
    layers = [set(re.findall(r"\w+", line)) for line in lines]
    table = read("CONTRIBUTING.md").partition("| room |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    rooms = [set(re.findall(r"`(\w+)`", cell)) for cell in cells]

    depths = [{depth for depth, one in enumerate(layers) if one & row} for row in rooms]

    assert set().union(*rooms) == set().union(*layers) - {"__main__"}
    assert all(max(a) < min(b) for a, b in pairwise(depths))


def test_every_scenario_file_that_is_named_is_there():
    named = {
        path
        for page in (*PAGES, *NAMING)
        for path in re.findall(
            r"scenarios/[\w/.-]*\.yaml", page.read_text(encoding="utf-8")
        )
    }

    assert "scenarios/grid.yaml" in named
    assert {path for path in named if not (REPOSITORY / path).is_file()} == set()


def test_every_scenario_file_of_ours_is_described():
    folder = REPOSITORY / "scenarios"
    ours = {path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml")}

    assert set(re.findall(r"\]\((.*\.yaml)\)", read("scenarios/README.md"))) == ours


@pytest.mark.slow
@pytest.mark.parametrize("name", BEFORE)
def test_the_commands_of_a_page_run_one_after_the_other(call, name):
    commands = commands_of(name)
    assert len(commands) >= 3

    for words in (*map(str.split, BEFORE[name]), *commands):
        call(words)  # ends with exit code 0


def test_no_page_has_commands_that_are_not_tried():
    assert {name_of(page) for page in PAGES if commands_of(name_of(page))} == set(
        BEFORE
    )


@pytest.mark.parametrize("name", ["README.md", "docs/scenarios.md", "docs/data.md"])
def test_a_scenario_file_over_a_table_runs_as_it_stands(call, name):
    [text] = shops_of(name)
    Path("shop.yaml").write_text(text, encoding="utf-8")

    board = call(["run", "shop.yaml", "--quiet"])

    assert "linear_svc" in board


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (name_of(page), number)
        for page in PAGES
        for number, _ in enumerate(studies_of(name_of(page)))
    ],
)
def test_every_scenario_file_that_a_page_shows_is_correct(
    name, number, schema, tmp_path
):
    shown = tmp_path / "shown.yaml"
    shown.write_text(studies_of(name)[number], encoding="utf-8")

    assert load_study(shown).scenarios
    assert schema.is_valid(load_document(shown).plain())


@pytest.mark.parametrize("name", ["README.md", "docs/python.md"])
def test_python_runs_as_it_stands(name, tmp_path, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(cache))
    names = {}

    for block in blocks_of(name, "python"):
        exec(block, names)

    assert names["model"].classes_.tolist() == ["pot", "shoe"]
