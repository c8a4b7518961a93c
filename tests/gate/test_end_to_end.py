"""The gate end to end, on real runs: from a scenario file to the exit code."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from rakuten_bench.cli import rakuten_bench
from rakuten_bench.errors import UserError

pytestmark = pytest.mark.slow

WORDS = {
    "book": [
        "roman",
        "livre",
        "auteur",
        "tome",
        "histoire",
        "edition",
        "poche",
        "page",
    ],
    "game": [
        "jeu",
        "console",
        "manette",
        "joueur",
        "niveau",
        "carte",
        "figurine",
        "de",
    ],
    "garden": [
        "piscine",
        "jardin",
        "tondeuse",
        "arrosage",
        "table",
        "parasol",
        "bois",
        "fleur",
    ],
}
STUDY = """
dataset: {{table: {{path: shop.csv, title: title, label: label}}}}
split: {split}
scenarios:
  svm: {{tokenizer: regex, vectorizer: tfidf, model: {{linear_svc: {{C: {C}}}}}}}
  majority: {{model: dummy}}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Make a folder with a catalogue of 400 products whose words overlap."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    everything = [word for words in WORDS.values() for word in words]
    with (tmp_path / "shop.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "label"])
        for row in range(400):
            label = ("book", "book", "game", "garden")[row % 4]
            words = [
                *rng.choice(WORDS[label], 3),
                *rng.choice(everything, 3),
                f"n{row}",
            ]
            writer.writerow([" ".join(words), label])
    return tmp_path


def study(folder, C=1.0, split="holdout"):
    (folder / "ci.yaml").write_text(STUDY.format(C=C, split=split))
    invoke("run", "ci.yaml", "--quiet", "--cache", "cache")


def invoke(*args):
    return CliRunner().invoke(rakuten_bench, [*map(str, args)], catch_exceptions=False)


def test_the_gate_passes_fails_and_refuses(shop):
    study(shop)
    assert invoke("check", "--update", "--rows").exit_code == 0

    study(shop)
    same = invoke("check")
    study(shop, C=0.0001)
    worse = invoke("check")

    assert same.exit_code == 0
    assert worse.exit_code == 1
    (line,) = [line for line in worse.output.splitlines() if "regressed  " in line]
    assert "svm" in line


@pytest.mark.parametrize(
    "words", [("check",), ("check", "ci.yaml", "--cache", "cache")]
)
def test_parameters_that_are_put_back_fail_the_gate_with_their_old_record(shop, words):
    study(shop, C=0.0001)
    study(shop)
    invoke(*words, "--update", "--rows")

    study(shop, C=0.0001)

    assert invoke(*words).exit_code == 1


def test_a_file_that_has_changed_since_its_last_run_can_not_be_measured(shop):
    study(shop)
    invoke("check", "--update")
    (shop / "ci.yaml").write_text(STUDY.format(C=2.0, split="holdout"))

    alone = invoke("check", "--format", "json")
    named = invoke("check", "ci.yaml", "--cache", "cache", "--format", "json")

    assert alone.exit_code == named.exit_code == 2
    assert "ci.yaml has changed since its last run: run it" in alone.stdout
    (svm,) = [
        one for one in json.loads(named.stdout)["scenarios"] if one["name"] == "svm"
    ]
    assert (svm["status"], svm["reason"]) == ("missing", "no record: run ci.yaml")


def test_data_that_have_changed_since_the_last_run_can_not_be_measured(shop):
    study(shop)
    invoke("check", "--update")
    with (shop / "shop.csv").open("a", encoding="utf-8") as file:
        file.write("roman livre,book\n")

    result = invoke("check", "ci.yaml", "--cache", "cache", "--format", "json")

    assert result.exit_code == 2
    for scenario in json.loads(result.stdout)["scenarios"]:
        assert (scenario["status"], scenario["now"]) == ("missing", None)


def test_records_of_other_data_than_approved_can_not_be_compared(shop):
    study(shop)
    invoke("check", "--update")
    with (shop / "shop.csv").open("a", encoding="utf-8") as file:
        file.write("roman livre,book\n")

    study(shop)

    for words in (["check"], ["check", "ci.yaml", "--cache", "cache"]):
        result = invoke(*words, "--format", "json")
        assert result.exit_code == 2
        for scenario in json.loads(result.stdout)["scenarios"]:
            assert scenario["reason"].startswith("differs from the baseline in data")
    assert invoke("check", "ci.yaml", "--cache", "cache", "--update").exit_code == 0
    assert invoke("check", "ci.yaml", "--cache", "cache").exit_code == 0
    (board,) = json.loads((shop / "results" / "baseline.json").read_text())["boards"]
    assert board == "shop"


def test_a_scenario_under_two_names_is_judged_by_either(shop):
    study(shop)
    invoke("check", "--update")
    twin = "  linear: {tokenizer: regex, vectorizer: tfidf, model: {linear_svc: {C: 1.0}}}\n"
    (shop / "ci.yaml").write_text(
        STUDY.format(C=1.0, split="holdout").replace("  svm", f"{twin}  svm")
    )

    named = invoke("check", "ci.yaml", "--cache", "cache", "--format", "json")

    assert named.exit_code == 0
    assert "not in the baseline" not in named.stdout


def test_a_renamed_file_is_compared_with_its_approved_scores(shop):
    study(shop)
    invoke("check", "--update", "--rows")
    (shop / "ci.yaml").unlink()
    (shop / "gate.yaml").write_text(STUDY.format(C=0.0001, split="holdout"))
    invoke("run", "gate.yaml", "--quiet", "--cache", "cache")

    assert invoke("check", "gate.yaml", "--cache", "cache").exit_code == 1
    assert invoke("check").exit_code == 2


def test_files_are_judged_apart_and_together(shop):
    study(shop)
    (shop / "more.yaml").write_text(
        STUDY.format(C=0.5, split="holdout").replace("svm", "other")
    )
    invoke("run", "more.yaml", "--quiet", "--cache", "cache")
    for file in ("ci.yaml", "more.yaml"):
        invoke("check", file, "--cache", "cache", "--update", "--rows")

    study(shop, C=0.0001)
    codes = [
        invoke("check", *files, "--cache", "cache").exit_code
        for files in (["ci.yaml"], ["more.yaml"], ["ci.yaml", "more.yaml"])
    ]

    assert codes == [1, 0, 1]
    assert "2 scenarios of ci.yaml in the baseline not checked" in " ".join(
        invoke("check", "more.yaml", "--cache", "cache").output.split()
    )


def test_a_file_of_another_board_is_refused(shop):
    study(shop)
    invoke("check", "--update")

    with pytest.raises(UserError, match="is on the board 'shop', not on 'market'"):
        invoke("check", "ci.yaml", "--dataset", "market", "--cache", "cache")


def put(folder, **words):
    """Write a scenario file into a folder beside the data, and run it."""
    text = STUDY.format(**{"C": 1.0, "split": "holdout"} | words)
    folder.mkdir(exist_ok=True)
    (folder / "ci.yaml").write_text(text.replace("path: shop.csv", "path: ../shop.csv"))
    return invoke("run", folder / "ci.yaml", "--quiet", "--cache", "cache")


def verdicts(*words):
    found = json.loads(invoke("check", *words, "--format", "json").stdout)["scenarios"]
    return {(one["study"], one["name"]): one["status"] for one in found}


def test_files_of_one_name_are_judged_apart(shop):
    put(shop / "a")
    put(shop / "b", C=0.5)
    invoke("check", "--update", "--rows")
    put(shop / "a", C=0.0001)

    apart = verdicts()

    assert apart["a/ci.yaml", "svm"] == "regressed"
    assert apart["b/ci.yaml", "svm"] == "ok"
    assert verdicts("b/ci.yaml", "--cache", "cache").keys() == {
        ("b/ci.yaml", "majority"),
        ("b/ci.yaml", "svm"),
    }
    baseline = json.loads((shop / "results" / "baseline.json").read_text())
    assert {name: one["path"] for name, one in baseline["studies"].items()} == {
        "a/ci.yaml": "../a/ci.yaml",
        "b/ci.yaml": "../b/ci.yaml",
    }


def test_a_file_given_twice_is_judged_once(shop):
    put(shop / "a")
    invoke("check", "--update")

    assert len(verdicts("a/ci.yaml", "a/../a/ci.yaml", "--cache", "cache")) == 2


def test_a_file_that_moved_takes_the_place_of_the_old_one(shop):
    put(shop / "a")
    invoke("check", "--update", "--rows")
    (shop / "a").rename(shop / "b")
    put(shop / "b", C=0.0001)

    assert verdicts()["ci.yaml", "svm"] == "regressed"


def test_an_edited_copy_makes_it_unclear_which_file_counts(shop):
    put(shop / "a")
    invoke("check", "--update")
    put(shop / "b", C=0.0001)

    unclear = invoke("check", "--format", "json")

    assert unclear.exit_code == 2
    assert "b/ci.yaml, which is not in the baseline, has another scenario" in (
        unclear.stdout
    )
    invoke("check", "--update")
    assert invoke("check").exit_code == 0


@pytest.mark.parametrize("file", ["ci.yaml", "elsewhere/ci.yaml", "renamed.yaml"])
@pytest.mark.parametrize(
    "change", [("model:", "modle:"), ("shop.csv", "shopp.csv")], ids=["words", "data"]
)
def test_a_refused_run_does_not_pass_on_the_one_before(shop, file, change):
    study(shop)
    invoke("check", "--update")
    text = (shop / "ci.yaml").read_text()
    (shop / "elsewhere").mkdir()
    (shop / file).write_text(text.replace(*change))
    with pytest.raises(UserError, match=r"modle|shopp\.csv"):
        invoke("run", file, "--quiet", "--cache", "cache")

    refused = invoke("check", "--format", "json")
    (shop / file).write_text(text.replace("shop.csv", str(shop / "shop.csv")))
    invoke("run", file, "--quiet", "--cache", "cache")

    assert refused.exit_code == 2
    assert "its last run was refused: " in refused.stdout
    assert invoke("check").exit_code == 0


def test_nothing_is_approved_after_a_refused_run(shop):
    study(shop)
    (shop / "ci.yaml").write_text("scenarios: {a: {modle: dummy}}")
    with pytest.raises(UserError, match="modle"):
        invoke("run", "ci.yaml")

    with pytest.raises(UserError, match=r"ci\.yaml: its last run was refused"):
        invoke("check", "--update")


def test_a_mistyped_name_counts_until_another_file_has_run(shop):
    study(shop)
    invoke("check", "--update")
    with pytest.raises(UserError, match=r"cii\.yaml"):
        invoke("run", "cii.yaml")

    assert invoke("check").exit_code == 2
    study(shop)
    assert invoke("check").exit_code == 0


def test_a_refused_run_makes_no_results_folder(shop):
    with pytest.raises(UserError, match=r"cii\.yaml"):
        invoke("run", "cii.yaml")

    assert not (shop / "results").exists()


def test_the_gate_judges_by_the_metric_that_the_file_was_approved_by(shop):
    text = STUDY.format(C=1.0, split="holdout")
    (shop / "ci.yaml").write_text(f"metric: accuracy\n{text}")
    invoke("run", "ci.yaml", "--quiet", "--cache", "cache")
    invoke("check", "--update")
    (shop / "ci.yaml").write_text(f"metric: f1_macro\n{text}")
    invoke("run", "ci.yaml", "--quiet", "--cache", "cache")

    own = json.loads(invoke("check", "--format", "json").stdout)
    asked = json.loads(
        invoke("check", "--metric", "f1_weighted", "--format", "json").stdout
    )

    assert own["metric"] == "accuracy"
    assert (
        "ci.yaml ranks by f1_macro, but was approved by accuracy" in own["remarks"][0]
    )
    assert asked["metric"] == "f1_weighted"
    assert (
        "was approved by accuracy, but is judged by f1_weighted" in asked["remarks"][0]
    )


def test_a_file_that_an_old_baseline_approved_is_judged_by_its_own_metric(shop):
    text = STUDY.format(C=1.0, split="holdout")
    (shop / "ci.yaml").write_text(f"metric: f1_macro\n{text}")
    invoke("run", "ci.yaml", "--quiet", "--cache", "cache")
    invoke("check", "--update")
    path = shop / "results" / "baseline.json"
    baseline = json.loads(path.read_text())
    del baseline["studies"], baseline["schema_version"]
    path.write_text(json.dumps(baseline))

    assert (
        json.loads(invoke("check", "--format", "json").stdout)["metric"] == "f1_macro"
    )


def test_a_moved_results_folder_reports_the_missing_file(shop):
    study(shop)
    invoke("check", "--update")
    moved = shop / "elsewhere" / "deep" / "results"
    moved.parent.mkdir(parents=True)
    (shop / "results").rename(moved)

    result = invoke("check", "--results", moved, "--baseline", moved / "baseline.json")

    assert result.exit_code == 0
    assert "ci.yaml not found at" in result.output


def test_joined_results_bring_their_last_runs(shop):
    study(shop)
    invoke("check", "--update", "--baseline", "baseline.json")

    invoke("merge", "results", "--results", "joined")
    result = invoke("check", "--results", "joined", "--baseline", "baseline.json")

    assert result.exit_code == 0
    assert "name alone" not in result.output


def test_a_run_without_pending_scenarios_rewrites_its_run_file(shop):
    study(shop)
    run = shop / "results" / "runs" / "ci.yaml.json"
    before = run.read_bytes()
    run.unlink()

    study(shop)

    assert run.read_bytes() == before


def test_records_of_another_split_do_not_pass_for_those_of_the_baseline(shop):
    study(shop)
    invoke("check", "--update", "--rows")
    study(shop, split="{holdout: {random_state: 7}}")
    (other,) = [path.name for path in (shop / "results").glob("shop@*")]

    result = invoke("check", "--format", "json")

    assert result.exit_code == 2
    (svm, majority) = json.loads(result.stdout)["scenarios"]
    assert {svm["status"], majority["status"]} == {"not comparable"}
    assert svm["reason"] == f"ci.yaml is now on the board {other}"


def test_records_without_a_known_run_are_searched_on_other_splits(shop):
    study(shop)
    invoke("check", "--update", "--rows")
    study(shop, split="{holdout: {random_state: 7}}")
    (other,) = [path.name for path in (shop / "results").glob("shop@*")]
    for folder in ("shop", "runs"):
        (shop / "results" / folder).rename(shop / folder)

    result = invoke("check", "--format", "json")

    assert result.exit_code == 2
    (svm, majority) = json.loads(result.stdout)["scenarios"]
    assert {svm["status"], majority["status"]} == {"not comparable"}
    assert svm["reason"] == f"no record on this split, one on another: {other}"


def test_a_baseline_of_another_split_can_not_be_compared(shop):
    study(shop)
    invoke("check", "--update")
    baseline = (shop / "results" / "baseline.json").read_text()
    study(shop, split="{holdout: {random_state: 7}}")
    (other,) = [path.name for path in (shop / "results").glob("shop@*")]

    moved = baseline.replace('"shop": {', f'"{other}": {{')
    (shop / "results" / "baseline.json").write_text(moved)
    result = invoke("check")

    assert result.exit_code == 2
    assert "not comparable" in result.output
    assert "split" in result.output
