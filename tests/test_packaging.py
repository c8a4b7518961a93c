"""What is published: version, files, citation, workflows."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import rakuten_bench
from rakuten_bench.interface.version import find_versions

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
WORKFLOWS = REPOSITORY / ".github" / "workflows"


def read_yaml(name):
    return yaml.safe_load((REPOSITORY / name).read_text("utf-8"))


def test_the_version_is_written_in_one_place():
    path = PROJECT["tool"]["hatch"]["version"]["path"]

    assert "version" in PROJECT["project"]["dynamic"]
    assert "version" not in PROJECT["project"]
    assert f'"{rakuten_bench.__version__}"' in (REPOSITORY / path).read_text("utf-8")


def test_every_file_of_the_sdist_is_there():
    patterns = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]

    missing = [one for one in patterns if not [*REPOSITORY.glob(one.lstrip("/"))]]

    assert missing == []


def test_the_sdist_holds_no_records():
    patterns = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]

    assert [one for one in patterns if "results" in one] == ["/results/baseline.json"]


def test_only_the_publishing_job_may_request_an_identity_in_a_protected_environment():
    jobs = read_yaml(".github/workflows/release.yml")["jobs"]
    trusted = {name for name, job in jobs.items() if "permissions" in job}

    assert trusted == {"publish"}
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["publish"]["environment"]["name"] == "pypi"
    assert {"build", "try"} <= {*jobs["publish"]["needs"]}


def test_a_release_is_tried_with_every_python_that_the_metadata_name():
    matrix = read_yaml(".github/workflows/release.yml")["jobs"]["try"]["strategy"]
    named = re.findall(
        r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"])
    )

    assert matrix["matrix"]["python"] == named


def test_actions_that_publish_are_pinned_to_a_commit():
    text = (WORKFLOWS / "release.yml").read_text("utf-8")
    uses = re.findall(r"uses: (\S+)", text)

    assert uses
    assert [one for one in uses if not re.search(r"@[0-9a-f]{40}$", one)] == []


@pytest.mark.parametrize("name", ["bug", "feature", "config"])
def test_issue_templates_are_valid_yaml(name):
    template = read_yaml(f".github/ISSUE_TEMPLATE/{name}.yml")

    assert {"body", "contact_links"} & template.keys()


def test_the_citation_has_the_license_and_address_of_the_project():
    citation = read_yaml("CITATION.cff")

    assert citation["cff-version"] == "1.2.0"
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["repository-code"] == PROJECT["project"]["urls"]["Homepage"]
    assert [author["name"] for author in citation["authors"]] == [
        author["name"] for author in PROJECT["project"]["authors"]
    ]


def test_the_version_option_lists_what_a_bug_report_needs(call):
    code, printed, _ = call("--version")
    lines = printed.splitlines()

    assert code == 0
    assert lines[0] == f"rakuten-bench {rakuten_bench.__version__}"
    assert [line.partition(" ")[0] for line in lines] == [*find_versions()]
    assert re.search(r"^scikit-learn \d", printed, re.MULTILINE)
