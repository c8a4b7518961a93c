"""The documentation site: its pages, its links, its tutorials, and that it needs no network."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from check_site import find_problems
from pages import DOCS, GENERATED, PAGES, REPOSITORY, REPOSITORY_URL, rewrite_links
from rakuten_bench.registry import LEVERS, discover
from rakuten_bench.scenario.load import KEYS
from rakuten_bench.scenario.schema import build_schema
from reference import Reference

TUTORIALS = sorted((DOCS / "examples").glob("*.py"))


def run_python(*words, **settings):
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        **settings,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_is_complete(tmp_path):
    for name in ("docs", "scenarios"):
        ignored = shutil.ignore_patterns("_build", "generated", "tutorials")
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=ignored)
    for page in REPOSITORY.glob("*.md"):
        shutil.copy(page, tmp_path)
    site = tmp_path / "site"

    options = ["-W", "--keep-going", "-q", "-D", "plot_gallery=0", "-b", "html"]
    run_python("-m", "sphinx", *options, tmp_path / "docs", site)

    assert [*find_problems(site)] == []
    assert (site / "scenario.schema.json").is_file()
    assert (
        "Board.to_frame"
        in (site / "generated/api/rakuten_bench.Board.html").read_text()
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
@pytest.mark.parametrize("script", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs(script, cache, tmp_path):
    shutil.copy(script, tmp_path)

    settings = {"RAKUTEN_BENCH_CACHE": str(cache), "MPLBACKEND": "agg"}
    run_python(script.name, cwd=tmp_path, env=os.environ | settings)


def write(folder, **pages):
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return [*find_problems(folder)]


def test_a_link_to_a_heading_that_is_missing_is_reported(tmp_path):
    problems = write(
        tmp_path, a="<a href='b.html#one'><a href='b.html#two'>", b="<p id=one>"
    )

    assert problems == ["a.html: b.html#two has no such heading"]


def test_a_link_to_a_page_that_is_missing_is_reported(tmp_path):
    assert write(tmp_path, a="<a href='b.html'>") == ["a.html: b.html does not exist"]


def test_a_link_that_leaves_the_site_is_no_problem(tmp_path):
    assert write(tmp_path, a="<a href='https://example.org'>") == []


@pytest.mark.parametrize(
    "element",
    [
        "<script src='https://example.org/x.js'></script>",
        "<link rel=stylesheet href='//example.org/x.css'>",
        "<img src='https://example.org/badge.svg'>",
        "<iframe src='http://example.org/'></iframe>",
    ],
)
def test_what_a_page_loads_from_elsewhere_is_reported(tmp_path, element):
    [problem] = write(tmp_path, a=element)

    assert re.fullmatch(r"a\.html: loads .*//example\.org/.*", problem)


def test_a_font_from_elsewhere_is_reported(tmp_path):
    sheet = "@font-face {src: url('https://example.org/a.woff2')} p {background: url(data:x)}"
    (tmp_path / "a.css").write_text(sheet)

    assert [*find_problems(tmp_path)] == ["a.css: loads https://example.org/a.woff2"]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("docs/levers.md#text", "../levers.md#text"),
        ("docs/board.png", "../board.png"),
        ("CHANGELOG.md", "changelog.md"),
        ("CONTRIBUTING.md", "contributing.md"),
        ("CONTRIBUTING.md#glossary", "glossary.md#glossary"),
        ("scenarios/grid.yaml", f"{REPOSITORY_URL}/blob/main/scenarios/grid.yaml"),
        ("https://example.org/", "https://example.org/"),
        ("#use", "#use"),
    ],
)
def test_links_of_a_page_at_the_root_lead_on_from_the_site(link, target):
    page = GENERATED / "start.md"

    text = rewrite_links(f"a [b]({link}) c", REPOSITORY / "README.md", page)

    assert text == f"a [b]({target}) c"


def test_code_is_not_taken_for_links():
    text = "```python\nx[1](docs/levers.md)\n```\n"

    assert rewrite_links(text, REPOSITORY / "README.md", GENERATED / "start.md") == text


def test_every_section_of_contributing_is_on_one_page():
    source = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
    pages = [page.read() for page in PAGES if page.source == "CONTRIBUTING.md"]
    of_pages = [re.findall(r"^##? (.+)$", page, re.MULTILINE) for page in pages]

    for heading in re.findall(r"^## (.+)$", source, re.MULTILINE):
        assert sum(heading in headings for headings in of_pages) == 1


def test_the_glossary_has_the_words_of_contributing():
    [page] = [page for page in PAGES if page.target == "glossary"]
    table = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8").partition("| word |")[2]
    words = re.findall(r"^\| (.+?) \|", table.partition("\n\n")[0], re.MULTILINE)

    assert re.findall(r"^(\w.*)\n  ", page.read(), re.MULTILINE) == words[1:]


@pytest.fixture(scope="module")
def reference():
    discover()
    return Reference(build_schema(), "https://example.org/scenario.schema.json")


def test_the_reference_has_every_key_of_a_scenario_file(reference):
    found = re.findall(r"^\| `(\w+)` \|", reference.render_keys(), re.MULTILINE)

    assert found[: len(KEYS)] == [*KEYS]
    assert {"test_size", "label", "memory", "exclude", "vectorizer", "feature"} <= {
        *found
    }


def test_the_reference_has_every_parameter_of_every_option(reference):
    sections = reference.render_parameters().split("\n### ")[1:]
    found = {section.partition("\n")[0]: section for section in sections}

    for modality, levers in LEVERS.items():
        for lever in levers:
            for option in lever.options(modality):
                for name in option.parameters:
                    section = found[f"{modality}: `{lever.name}`"]
                    part = section.partition(f"#### `{option.name}`\n")[2]
                    assert f"| `{name}` |" in part.partition("\n####")[0]
