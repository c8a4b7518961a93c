"""The GitHub Action: its steps run here, in a copy of the worked example."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
EXAMPLE = REPOSITORY / "docs" / "gate_example"
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text("utf-8"))
INPUTS = ACTION["inputs"]
STEPS = ACTION["runs"]["steps"]
EXPRESSION = r"\$\{\{ ([\w.-]+) \}\}"
#: Stands in for GitHub's command line: keeps comments in a file, "denied" refuses all.
GH = """#!/bin/bash
echo "$@" >> "$GH_FOLDER/calls"
[ ! -e "$GH_FOLDER/denied" ] || exit 1
body="${@: -1}"
case "$*" in
  *--jq*) [ ! -e "$GH_FOLDER/comment" ] || echo 77 ;;
  *body=@*) cp "${body#body=@}" "$GH_FOLDER/comment" ;;
esac
"""

pytestmark = pytest.mark.skipif(
    os.name == "nt" or not shutil.which("bash"), reason="the steps are bash"
)


class Runner:
    """Runs the steps as GitHub does, with what it offers: files, outputs, expressions."""

    def __init__(self, folder, **inputs):
        self.folder = folder
        self.files = {
            name: folder / "github" / name.lower()
            for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        }
        (folder / "github").mkdir()
        self.values = {
            "github.event.pull_request.number": "12",
            "github.repository": "owner/shop",
            "github.run_id": "5",
            "github.server_url": "https://github.com",
            "github.token": "secret",
            "runner.temp": str(folder / "github"),
        }
        defaults = {name: one.get("default", "") for name, one in INPUTS.items()}
        for name, value in {**defaults, **inputs}.items():
            self.values[f"inputs.{name}"] = self.resolve(value)

    def resolve(self, text):
        return re.sub(EXPRESSION, lambda found: self.values[found[1]], text)

    def run(self, step):
        """Run a step; return its exit code and what it printed."""
        output = self.files["GITHUB_OUTPUT"]
        output.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder / self.resolve(step.get("working-directory", ".")),
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "PYTHONPATH": str(REPOSITORY),
                **{name: str(path) for name, path in self.files.items()},
                **{k: self.resolve(v) for k, v in step.get("env", {}).items()},
            },
            capture_output=True,
            text=True,
        )
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode, done.stdout + done.stderr

    def run_all(self):
        """Run the steps after the installation; return the last one's exit code."""
        for step in STEPS:
            if "run" in step and step["name"] != "Install":
                code, printed = self.run(step)
                is_last = step is STEPS[-1]
                assert is_last or code == 0, printed
        return code

    def read(self, name):
        return (Path(self.values["steps.check.outputs.report"]) / name).read_text()

    @property
    def summary(self):
        return self.files["GITHUB_STEP_SUMMARY"].read_text("utf-8")


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Return a copy of the example, beside a `gh` that keeps the comment."""
    folder = tmp_path / "shop"
    shutil.copytree(EXAMPLE, folder)
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH)
    gh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{gh.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("GH_FOLDER", str(gh.parent))
    return folder


def test_every_expression_names_an_input_an_output_or_a_value_of_github():
    text = (REPOSITORY / "action.yml").read_text("utf-8")
    used = set(re.findall(r"inputs\.([\w-]+)", text))
    ids = {step["id"] for step in STEPS if "id" in step}

    assert used == set(INPUTS)
    assert set(re.findall(r"steps\.(\w+)\.", text)) <= ids


def test_no_script_contains_an_expression_which_would_run_what_it_holds():
    assert [one["name"] for one in STEPS if "${{" in one.get("run", "")] == []


def test_other_actions_are_pinned_to_a_commit():
    uses = [step["uses"] for step in STEPS if "uses" in step]

    assert len(uses) == 3
    assert [one for one in uses if not re.search(r"@[0-9a-f]{40}$", one)] == []


def test_every_input_is_described_in_the_documentation():
    page = (REPOSITORY / "docs" / "gate.md").read_text("utf-8")

    assert [name for name in INPUTS if f"| `{name}` |" not in page] == []


def test_the_workflow_of_the_example_uses_inputs_that_there_are():
    workflow = yaml.safe_load((EXAMPLE / "scores.yml").read_text("utf-8"))
    (step,) = [one for one in workflow["jobs"]["gate"]["steps"] if "with" in one]

    assert set(step["with"]) <= set(INPUTS)
    assert step["uses"].startswith("rakuten-bench/rakuten-bench@")
    assert workflow["permissions"]["pull-requests"] == "write"


@pytest.mark.parametrize(
    ("inputs", "installed"),
    [
        ({}, "/action"),
        ({"extras": "images,spacy"}, "/action[images,spacy]"),
        ({"requirement": "rakuten-bench==9"}, "rakuten-bench==9"),
    ],
)
def test_the_version_of_the_action_is_installed_unless_another_is_named(
    tmp_path, monkeypatch, inputs, installed
):
    (tmp_path / "python").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (step,) = [one for one in STEPS if one.get("name") == "Install"]
    runner = Runner(tmp_path, **inputs)
    runner.values["github.action_path"] = "/action"
    step = {**step, "run": f'PATH="{tmp_path}:$PATH"\n{step["run"]}'}

    assert runner.run(step) == (0, f"-m pip install --quiet {installed}\n")


@pytest.mark.slow
def test_the_example_passes_comments_once_and_summarizes(shop, tmp_path):
    runner = Runner(shop, scenarios="\nshop.yaml\n")

    codes = [runner.run_all(), runner.run_all()]

    comment = (tmp_path / "bin" / "comment").read_text("utf-8")
    calls = (tmp_path / "bin" / "calls").read_text().splitlines()
    assert codes == [0, 0]
    assert comment.startswith("<!-- rakuten-bench: scores -->\n### Check of")
    assert "nothing got worse" in comment
    assert "https://github.com/owner/shop/actions/runs/5" in comment
    assert "| words" in runner.summary or "words: tfidf" in runner.summary
    assert "<html" in runner.read("board.html")
    assert "testsuite" in runner.read("check.xml")
    assert [call.split()[2] for call in calls if "--jq" not in call] == [
        "POST",
        "PATCH",
    ]


@pytest.mark.slow
def test_a_worse_score_fails_after_the_summary_even_without_a_comment(shop, tmp_path):
    (tmp_path / "bin" / "denied").touch()
    study = shop / "shop.yaml"
    study.write_text(study.read_text().replace("linear_svc", "dummy"))
    runner = Runner(shop, scenarios="shop.yaml")

    assert runner.run_all() == 1

    assert "worse" in runner.summary
    assert runner.values["steps.check.outputs.exit-code"] == "1"


@pytest.mark.slow
def test_a_wrong_scenario_file_fails_with_its_message_in_the_summary(shop):
    (shop / "shop.yaml").write_text("dataset: nowhere\n")
    runner = Runner(shop, scenarios="shop.yaml")

    assert runner.run_all() == 2

    assert "Nothing could be compared" in runner.summary
    assert "nowhere" in runner.summary
