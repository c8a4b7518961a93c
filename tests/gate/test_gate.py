"""The gate: what passes, what fails, and its messages."""

import dataclasses
import json
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from rakuten_bench import gate, metrics, records
from rakuten_bench.cli import rakuten_bench
from rakuten_bench.errors import UserError
from rakuten_bench.wording.format import list_formats


def run(shop, *args):
    baseline = shop.results / "baseline.json"
    options = ["--results", shop.results, "--baseline", baseline, *args]
    return CliRunner().invoke(
        rakuten_bench, ["check", *map(str, options)], catch_exceptions=False
    )


def change_rows(predictions, n_rows, better=False):
    """Make some right answers wrong, or wrong ones right."""
    right = predictions.predicted == predictions.true
    rows = np.flatnonzero(~right if better else right)[:n_rows]
    changed = predictions.predicted.copy()
    changed[rows] = predictions.true[rows] if better else (changed[rows] + 1) % 4
    return records.Predictions(
        predictions.ids,
        predictions.true,
        changed,
        predictions.fold,
        predictions.language,
        predictions.classes,
    )


@pytest.fixture(params=["rows", "scores"])
def kept(request, shop):
    """Approve three scenarios, with and without their predictions."""
    for number in range(3):
        shop.add(f"T{number}", own=number)
    run(shop, "--update", *(["--rows"] if request.param == "rows" else []))
    return request.param


def statuses(shop):
    verdicts = json.loads(run(shop, "--format", "json").stdout)["scenarios"]
    return {verdict["code"]: verdict["status"] for verdict in verdicts}


def test_the_same_records_pass(shop, kept):
    result = run(shop)

    assert result.exit_code == 0
    assert "nothing got worse" in result.output


def test_one_row_in_300_does_not_fail_the_gate(shop, kept):
    for number in range(3):
        predictions = shop.predictions(own=number)
        shop.add(f"T{number}", predictions=change_rows(predictions, 1))

    assert run(shop).exit_code == 0


@pytest.mark.parametrize("rows", [True, False], ids=["rows", "scores"])
def test_any_one_row_of_400_does_not_fail_the_gate(shop, rows):
    shop.n_rows = 400
    shop.__post_init__()
    shop.add("T1", right=0.9)
    update = gate.update_baseline(shop.results, gate.Baseline(), rows=rows)
    right = np.flatnonzero(shop.predictions(0.9).predicted == shop.true)

    for row in right[::40]:
        base = shop.predictions(0.9)
        predicted = base.predicted.copy()
        predicted[row] = (predicted[row] + 1) % 4
        shop.add("T1", predictions=dataclasses.replace(base, predicted=predicted))
        (verdict,) = gate.judge(shop.results, update.baseline).verdicts

        assert verdict.status == "ok"
        assert verdict.change < 0


def test_a_far_worse_model_fails_the_gate_and_is_named(shop, kept):
    shop.add("T1", predictions=change_rows(shop.predictions(own=1), 60))

    result = run(shop)

    assert result.exit_code == 1
    assert statuses(shop) == {"T0": "ok", "T1": "regressed", "T2": "ok"}
    assert "T1" in result.output.partition("regressed")[2].splitlines()[0]


def test_a_far_better_model_is_reported_and_passes(shop, kept):
    better = change_rows(shop.predictions(own=1), 50, better=True)
    shop.add("T1", predictions=better)

    assert statuses(shop)["T1"] == "improved"
    assert run(shop).exit_code == 0


def test_a_paired_test_detects_a_fall_below_the_tolerance(shop):
    shop.add("T0")
    run(shop, "--update", "--rows")
    shop.add("T0", predictions=change_rows(shop.predictions(), 4))

    paired = json.loads(run(shop, "--format", "json").stdout)["scenarios"][0]

    assert paired["change"] < -gate.TOLERANCE
    assert paired["difference"]["p_value"] > 0.05
    assert paired["status"] == "ok"


def test_p_values_are_corrected_over_all_scenarios(shop):
    for number in range(8):
        shop.add(f"T{number}", own=number)
    run(shop, "--update", "--rows")
    shop.add("T0", predictions=change_rows(shop.predictions(own=0), 8))

    alone = run(shop, "--format", "json")

    verdict = json.loads(alone.stdout)["scenarios"][0]
    raw = verdict["difference"]["p_value"] / 8
    assert raw < 0.05 < verdict["difference"]["p_value"]
    assert verdict["status"] == "ok"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"dataset": records.DatasetInfo(name="shop", fingerprint="d2")},
            "baseline in data",
        ),
        (
            {"split": records.SplitInfo(scheme="holdout", fingerprint="s2")},
            "baseline in split",
        ),
        ({"seed": 7}, "baseline in seed (7, was 123)"),
    ],
)
def test_another_data_set_split_or_seed_is_not_comparable(shop, kept, fields, words):
    shop.add("T1", own=1, **fields)

    result = run(shop)

    assert result.exit_code == 2
    assert statuses(shop)["T1"] == "not comparable"
    assert words in run(shop, "--format", "markdown").output.replace("\\", "")


def test_a_scenario_without_record_is_missing(shop, kept):
    for path in (shop.results / "shop" / "T1").iterdir():
        path.unlink()

    assert run(shop).exit_code == 2
    assert statuses(shop)["T1"] == "missing"


def test_a_failed_or_damaged_scenario_is_missing(shop, kept):
    shop.fail("T1")
    (shop.results / "shop" / "T2" / "record.json").write_text("{")

    assert run(shop).exit_code == 2
    assert statuses(shop) == {"T0": "ok", "T1": "missing", "T2": "missing"}
    assert "the record is failed: ValueError" in run(shop, "--format", "junit").stdout


def test_a_regression_counts_more_than_a_gap(shop, kept):
    shop.add("T1", predictions=change_rows(shop.predictions(own=1), 60))
    shop.fail("T2")

    assert run(shop).exit_code == 1


def test_a_new_scenario_is_reported_and_passes(shop, kept):
    shop.add("T9")

    result = run(shop)

    assert result.exit_code == 0
    assert "1 new" in result.output
    assert "T9" not in result.output
    assert statuses(shop)["T9"] == "new"


@pytest.mark.parametrize("damage", [lambda p: p.write_bytes(b""), Path.unlink])
def test_scores_without_the_predictions_they_come_from_count_for_nothing(
    shop, kept, damage
):
    damage(shop.results / "shop" / "T0" / "predictions.npz")

    result = run(shop)

    assert result.exit_code == 2
    assert statuses(shop) == {"T0": "missing", "T1": "ok", "T2": "ok"}
    assert "predictions.npz: can't be read" in run(shop, "--format", "json").stdout


def test_a_record_with_other_scores_than_its_rows_give_can_not_be_measured(shop, kept):
    shop.embellish(shop.results / "shop" / "T1")

    result = run(shop, "--format", "json")

    assert result.exit_code == 2
    assert statuses(shop) == {"T0": "ok", "T1": "missing", "T2": "ok"}
    assert "its scores do not match predictions.npz" in result.stdout


def test_a_record_with_other_scores_than_its_rows_give_is_not_approved(shop):
    shop.add("T0")
    shop.embellish(shop.add("T1"))

    result = run(shop, "--update")

    assert result.exit_code == 0
    assert "left out: shop: T1: " in result.output
    assert "its scores do not match predictions.npz" in result.output
    assert statuses(shop) == {"T0": "ok", "T1": "new"}


def test_the_rows_of_another_run_do_not_pass_for_a_record(shop, kept):
    place = shop.results / "shop" / "T1" / "predictions.npz"
    approved = place.read_bytes()
    shop.add("T1", predictions=change_rows(shop.predictions(own=1), 60))
    place.write_bytes(approved)

    assert run(shop).exit_code == 2
    assert statuses(shop)["T1"] == "missing"


def test_the_baseline_is_sorted_and_the_same_each_time(shop, kept):
    path = shop.results / "baseline.json"
    text = path.read_text()

    run(shop, "--update", *(["--rows"] if kept == "rows" else []))

    assert path.read_text() == text
    assert list(json.loads(text)["boards"]["shop"]) == ["T0", "T1", "T2"]
    n_lines = len(text.splitlines())
    assert n_lines < (90 if kept == "rows" else 65)


def test_update_leaves_other_boards_alone(shop, kept):
    shop.name = "market"
    shop.add("T5")

    run(shop, "--update", "--dataset", "market")

    boards = json.loads((shop.results / "baseline.json").read_text())["boards"]
    assert list(boards) == ["market", "shop"]
    assert list(boards["shop"]) == ["T0", "T1", "T2"]


def test_a_board_without_scores_is_not_approved(shop):
    shop.fail("T0")

    with pytest.raises(UserError, match="nothing to approve"):
        run(shop, "--update")


def test_without_a_baseline_the_message_explains_how_to_write_one(shop):
    shop.add("T0")

    with pytest.raises(UserError, match="check --update"):
        run(shop)


def test_a_damaged_baseline_is_one_message(shop):
    shop.results.mkdir()
    (shop.results / "baseline.json").write_text('{"boards": 3}')

    with pytest.raises(UserError, match=r"baseline\.json: can't be read"):
        run(shop)


def test_a_baseline_of_a_later_version_asks_for_an_update(shop):
    shop.results.mkdir()
    (shop.results / "baseline.json").write_text('{"schema_version": 9, "boards": {}}')

    with pytest.raises(UserError, match="Upgrade rakuten-bench"):
        run(shop)


def test_junit_has_a_failure_and_an_error(shop, kept, tmp_path):
    shop.add("T1", predictions=change_rows(shop.predictions(own=1), 60), name="\x1b<b>")
    shop.fail("T2")
    path = tmp_path / "out" / "check.xml"

    run(shop, "--write", path)

    (suite,) = ET.parse(path).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
        "3",
        "1",
        "1",
    )
    assert [case[0].tag if len(case) else "" for case in suite.iter("testcase")] == [
        "",
        "failure",
        "error",
    ]


def test_markdown_can_be_written_for_a_job_summary(shop, kept, tmp_path):
    run(shop, "--write", tmp_path / "gate.md", "--write", tmp_path / "gate.json")

    assert "| ok | shop | T0 |" in (tmp_path / "gate.md").read_text()
    assert json.loads((tmp_path / "gate.json").read_text())["exit_code"] == 0


def test_a_file_of_unknown_kind_is_refused(shop, kept, tmp_path):
    with pytest.raises(UserError, match=r"ends in \.txt, \.md"):
        run(shop, "--write", tmp_path / "gate.pdf")


def test_another_score_can_be_checked(shop, kept):
    result = run(shop, "--metric", "accuracy")

    assert "Check of accuracy" in result.output


def created(second):
    moment = f"2026-01-01T00:00:{second:02d}+00:00"
    return records.Provenance(created=moment, python="", platform="")


def update(shop, *words):
    """Approve; return what was said."""
    result = run(shop, "--update", *words)
    assert result.exit_code == 0, result.output
    return result.stderr.splitlines()


def read(shop):
    return json.loads((shop.results / "baseline.json").read_text())["boards"]


def worse(shop, n_rows=60, own=0):
    return change_rows(shop.predictions(own=own), n_rows)


@pytest.fixture
def tuned(shop):
    """Approve a scenario whose file then gets other, worse parameters, and is run."""
    shop.add("T1-aaaaaa", name="tuned", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1-aaaaaa": "tuned"})
    update(shop, "--rows")
    shop.add("T1-bbbbbb", name="tuned", study="a.yaml", predictions=worse(shop))
    shop.has_run("a.yaml", scenarios={"T1-bbbbbb": "tuned"})
    return shop


def test_a_named_scenario_with_other_parameters_is_still_that_scenario(tuned):
    result = run(tuned)

    assert result.exit_code == 1
    assert statuses(tuned) == {"T1-aaaaaa": "regressed"}
    assert "now T1-bbbbbb" in " ".join(result.output.split())
    assert "now T1-bbbbbb" in run(tuned, "--format", "junit").output


@pytest.mark.parametrize("second", [1, 59])
def test_no_clock_decides_which_record_counts(tuned, second):
    old, new = created(second), created(60 - second)
    tuned.add("T1-aaaaaa", name="tuned", study="a.yaml", provenance=old)
    tuned.add("T1-bbbbbb", name="tuned", study="a.yaml", predictions=worse(tuned),
              provenance=new)  # fmt: skip

    assert run(tuned).exit_code == 1


def test_parameters_that_were_put_back_bring_their_old_record_back(tuned):
    update(tuned)
    tuned.has_run("a.yaml", scenarios={"T1-aaaaaa": "tuned"})

    assert statuses(tuned) == {"T1-bbbbbb": "improved"}


def test_without_a_known_run_two_records_of_a_name_are_ambiguous(shop):
    shop.add("T1-aaaaaa", name="tuned", study="a.yaml", provenance=created(1))
    update(shop)
    shop.add("T1-bbbbbb", name="tuned", study="a.yaml", provenance=created(2))

    result = run(shop)

    assert result.exit_code == 2
    words = " ".join(result.output.split())
    assert "several records of this name (T1-aaaaaa, T1-bbbbbb)" in words
    assert "pass the file (rakuten-bench check FILE)" in words


def test_a_record_that_is_matched_by_name_only_is_reported(shop, kept):
    (verdict, *_) = json.loads(run(shop, "--format", "json").stdout)["scenarios"]

    assert verdict["reason"].endswith("matched by name only")


def test_a_scenario_that_its_file_has_no_longer_is_missing_until_it_is_approved(shop):
    shop.add("T1", name="one", study="a.yaml")
    shop.add("T2", name="two", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one", "T2": "two"})
    update(shop)
    shop.has_run("a.yaml", scenarios={"T1": "one"})

    result = run(shop)

    assert result.exit_code == 2
    assert statuses(shop) == {"T1": "ok", "T2": "missing"}
    assert "no longer in a.yaml" in " ".join(result.output.split())
    assert update(shop)[1:] == ["removed: shop: T2 'two' of a.yaml"]
    assert run(shop).exit_code == 0


def test_a_scenario_without_name_whose_parameters_changed_is_missing(shop):
    shop.add("T1-aaaaaa", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1-aaaaaa": ""})
    update(shop)
    shop.add("T1-bbbbbb", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1-bbbbbb": ""})

    assert run(shop).exit_code == 2
    assert statuses(shop) == {"T1-aaaaaa": "missing", "T1-bbbbbb": "new"}


def test_a_scenario_with_another_name_and_the_same_code_is_found(shop):
    shop.add("T1", name="one", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"})
    update(shop)
    shop.has_run("a.yaml", scenarios={"T1": "uno"})

    assert statuses(shop) == {"T1": "ok"}


def test_a_record_of_other_data_or_code_than_the_last_run_is_missing(shop):
    shop.add("T1", name="one", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"})
    update(shop)
    shop.add("T1", name="one", study="a.yaml", key="older")

    result = run(shop)

    assert result.exit_code == 2
    words = " ".join(run(shop, "--format", "json").stdout.split())
    assert "out of date (code, packages or files changed): run a.yaml again" in words


def test_one_name_in_two_scenario_files_is_two_scenarios(shop):
    shop.add("T1-aaaaaa", name="linear", study="a.yaml")
    shop.add("T2-aaaaaa", name="linear", study="b.yaml")
    shop.has_run("a.yaml", scenarios={"T1-aaaaaa": "linear"})
    shop.has_run("b.yaml", scenarios={"T2-aaaaaa": "linear"})
    update(shop, "--rows")
    shop.add("T1-bbbbbb", name="linear", study="a.yaml", predictions=worse(shop))
    shop.has_run("a.yaml", scenarios={"T1-bbbbbb": "linear"})

    assert run(shop).exit_code == 1
    assert statuses(shop) == {"T1-aaaaaa": "regressed", "T2-aaaaaa": "ok"}


def test_one_scenario_of_two_files_is_judged_for_each_of_them(shop):
    shop.add("T1", name="majority", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "majority"})
    shop.has_run("b.yaml", scenarios={"T1": "base"})
    update(shop, "--rows")
    shop.add("T2", name="base", study="b.yaml", predictions=worse(shop))
    shop.has_run("b.yaml", scenarios={"T2": "base"})

    verdicts = json.loads(run(shop, "--format", "json").stdout)["scenarios"]

    found = {(one["study"], one["name"]): one["status"] for one in verdicts}
    assert found == {("a.yaml", "majority"): "ok", ("b.yaml", "base"): "regressed"}


def test_a_scenario_is_found_by_its_code_when_its_file_has_another_name_by_now(shop):
    shop.add("T1-aaaaaa", name="linear", study="a.yaml")
    run(shop, "--update", "--rows")
    shop.add("T1-aaaaaa", name="linear", study="renamed.yaml")

    assert statuses(shop) == {"T1-aaaaaa": "ok"}


def test_a_renamed_file_is_recognised_by_its_scenarios(shop):
    shop.add("T1", name="one", study="a.yaml")
    shop.add("T2", name="two", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one", "T2": "two"})
    update(shop)
    (shop.results / "runs" / "a.yaml.json").unlink()
    shop.add("T3", name="two", study="b.yaml", predictions=worse(shop))
    shop.has_run("b.yaml", scenarios={"T1": "one", "T3": "two"})

    assert run(shop).exit_code == 1
    assert statuses(shop) == {"T1": "ok", "T2": "regressed"}


def test_old_records_of_a_file_do_not_pass_for_those_of_the_renamed_one(shop):
    shop.add("T1", name="one", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"})
    update(shop)
    shop.add("T2", name="one", study="renamed.yaml", predictions=worse(shop))
    shop.has_run("renamed.yaml", scenarios={"T2": "one"})

    result = run(shop)

    assert result.exit_code == 2
    words = " ".join(run(shop, "--format", "json").stdout.split())
    assert "renamed.yaml, which is not in the baseline, has another" in words


def test_a_file_that_was_never_run_here_is_missing(shop):
    shop.add("T1", name="one", study="a.yaml")
    shop.add("T2", name="two", study="b.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"})
    shop.has_run("b.yaml", scenarios={"T2": "two"})
    update(shop)
    (shop.results / "runs" / "b.yaml.json").unlink()

    assert run(shop).exit_code == 2
    assert statuses(shop) == {"T1": "ok", "T2": "missing"}


def test_a_file_that_is_on_another_board_by_now_is_not_comparable(shop):
    shop.add("T1", name="one", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"})
    update(shop)
    shop.has_run("a.yaml", scenarios={"T1": "one"}, board="shop@kfold-5")

    result = run(shop)

    assert result.exit_code == 2
    assert "a.yaml is now on the board shop@kfold-5" in " ".join(
        run(shop, "--format", "json").stdout.split()
    )


def test_what_a_board_that_was_left_has_does_not_count_once_the_new_one_is_approved(
    shop,
):
    shop.add("T1", name="one", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"})
    update(shop)
    left = read(shop)
    shop.name = "market"
    shop.add("T1", name="one", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"})

    lines = update(shop)

    assert lines[1:] == ["removed: shop: T1 'one' of a.yaml"]
    assert list(read(shop)) == ["market"]
    both = {"boards": {**left, **read(shop)}}
    (shop.results / "baseline.json").write_text(json.dumps(both))
    result = run(shop)
    assert result.exit_code == 0
    assert "1 scenario of a.yaml in the baseline not checked" in result.output


def test_a_data_set_of_the_command_line_keeps_a_run_of_its_own(shop):
    shop.add("T1", name="one", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"})
    shop.name = "market"
    shop.add("T1", name="one", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"}, overrides={"dataset": "market"})

    update(shop)

    assert list(read(shop)) == ["market", "shop"]
    assert run(shop).exit_code == 0


def test_a_damaged_record_beside_an_approved_one_can_not_be_measured(shop):
    shop.add("T1-aaaaaa", name="linear")
    run(shop, "--update", "--rows")
    folder = shop.add("T1-bbbbbb", name="linear")
    (folder / "record.json").write_bytes(b"{")

    result = run(shop)

    assert result.exit_code == 2
    assert statuses(shop) == {"T1-aaaaaa": "ok", "T1-bbbbbb": "missing"}
    assert "can't be read" in " ".join(result.output.split())


def test_a_damaged_run_is_one_message(tuned):
    (tuned.results / "runs" / "a.yaml.json").write_text("{")

    with pytest.raises(
        UserError, match=r"a\.yaml\.json: can't be read: .* run a\.yaml again"
    ):
        run(tuned)


def test_a_run_of_a_later_version_asks_for_an_update(tuned):
    path = tuned.results / "runs" / "a.yaml.json"
    path.write_text(
        path.read_text().replace('"schema_version": 1', '"schema_version": 9')
    )

    with pytest.raises(UserError, match="Upgrade rakuten-bench"):
        run(tuned)


def test_an_update_reports_what_it_excludes(shop):
    shop.add("T1-aaaaaa", name="tuned", study="a.yaml")
    shop.add("T1-bbbbbb", name="tuned", study="a.yaml")
    shop.fail("T2", status="timeout")
    (shop.add("T3") / "record.json").write_bytes(b"{")
    shop.add("T4")

    first, *lines = update(shop)

    assert first.endswith("baseline.json: 1 scenario of shop")
    several = "'tuned' of a.yaml has several records (T1-aaaaaa, T1-bbbbbb): pass the scenario file"
    assert lines[0] == f"left out: shop: T1-aaaaaa: {several}"
    assert lines[1] == f"left out: shop: T1-bbbbbb: {several}"
    assert lines[2] == "left out: shop: T2: the record is timeout: ValueError"
    assert lines[3].startswith("left out: shop: T3: ")
    assert run(shop).exit_code == 2  # T3 may be of the approved one


def test_an_update_keeps_scenarios_that_can_not_be_measured(shop, kept):
    shop.has_run("", scenarios={"T0": "", "T1": "", "T2": ""})
    before = read(shop)
    shop.fail("T1", status="oom")

    lines = update(shop)

    assert lines[1:] == ["kept unchanged: shop: T1: the record is oom: ValueError"]
    assert read(shop) == before
    assert run(shop).exit_code == 2


def test_an_update_reports_worse_scores_that_it_approves(shop, kept):
    shop.add("T0", predictions=worse(shop, 60, own=0))
    shop.add("T1", predictions=worse(shop, 1, own=1))

    _, much, little = update(shop)

    assert much.startswith("approved as worse: shop: T0: ")
    assert little.startswith("approved as lower, not significantly: shop: T1: ")
    assert run(shop).exit_code == 0


def test_an_update_reports_scores_that_it_approves_without_comparison(shop, kept):
    shop.add("T1", own=1, seed=7)

    lines = update(shop)

    assert lines[1:] == [
        "approved without comparison: shop: T1: differs from the baseline in seed (7, was 123)"
    ]


def test_an_update_keeps_rows_by_default(shop):
    shop.add("T0")
    first = update(shop, "--rows")
    assert first == update(shop)
    assert "predicted" in read(shop)["shop"]["T0"]

    update(shop, "--no-rows")

    assert "predicted" not in read(shop)["shop"]["T0"]
    update(shop)
    assert "predicted" not in read(shop)["shop"]["T0"]


def test_an_update_that_is_killed_leaves_the_old_baseline(shop, kept, monkeypatch):
    path = shop.results / "baseline.json"
    before = path.read_bytes()

    def fail(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(UserError, match=r"baseline\.json: can't be written: No space"):
        run(shop, "--update")

    assert path.read_bytes() == before
    assert [p.name for p in shop.results.iterdir() if "tmp" in p.name] == []


def test_a_linked_baseline_stays_a_link(shop, tmp_path):
    shop.add("T0")
    (tmp_path / "kept").mkdir()
    link = shop.results / "baseline.json"
    link.symlink_to(tmp_path / "kept" / "b.json")

    update(shop)

    assert link.is_symlink()
    assert (tmp_path / "kept" / "b.json").is_file()


def test_scenarios_without_a_name_are_known_by_their_code_alone(shop):
    shop.add("T1-aaaaaa")
    run(shop, "--update", "--rows")
    shop.add("T1-bbbbbb", predictions=change_rows(shop.predictions(), 60))

    assert statuses(shop) == {"T1-aaaaaa": "ok", "T1-bbbbbb": "new"}


def spoil(shop, change):
    """Change the baseline by hand."""
    path = shop.results / "baseline.json"
    baseline = json.loads(path.read_text())
    change(baseline)
    path.write_text(json.dumps(baseline))


def raise_score(scenario):
    scenario["scores"]["f1_weighted"] = 0.1


def exchange_counts(scenario):
    """Make another matrix and the scores that it gives."""
    counts = np.array([line.split() for line in scenario["confusion"]], dtype=int)
    counts[0] = [0, counts[0].sum() + 1, 0, 0]
    scenario["confusion"] = [" ".join(map(str, line)) for line in counts.tolist()]
    scores = metrics.scores(counts)
    scenario["scores"] = {name: round(value, 10) for name, value in scores.items()}


MALFORMED = {
    "score": (
        raise_score,
        r"T1: f1_weighted is 0\.1, but its confusion matrix gives 0\.",
    ),
    "no scores": (lambda one: one.update(scores={}), "T1: f1_weighted is missing"),
    "large": (lambda one: one["scores"].update(accuracy=7.0), "not between 0 and 1"),
    "no matrix": (
        lambda one: one.pop("confusion"),
        "confusion matrix is missing or invalid",
    ),
    "words": (
        lambda one: one.update(confusion=["a b"]),
        "invalid confusion matrix or predictions",
    ),
    "ragged": (
        lambda one: one["confusion"].pop(),
        "invalid confusion matrix or predictions",
    ),
    "negative": (
        lambda one: one.update(confusion=["-1"]),
        "confusion matrix is missing or invalid",
    ),
    "misspelt": (lambda one: one.update(predictd=[]), "unknown field `predictd`"),
    "type": (lambda one: one.update(seed="123"), "Expected `int`, got `str`"),
    "incomplete": (lambda one: one.pop("data"), "missing required field `data`"),
}


@pytest.mark.parametrize(("change", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_scenario_of_a_baseline_is_refused(shop, kept, change, message):
    spoil(shop, lambda baseline: change(baseline["boards"]["shop"]["T1"]))

    for words in ([], ["--update"]):
        with pytest.raises(UserError, match=message) as refused:
            run(shop, *words)
        assert "Restore it from version control" in str(refused.value)


ROWS = {
    "none of the classes": (
        ["9" + " 0" * 299],
        "a prediction is not one of its classes",
    ),
    "others": (["0 " * 300], "its predictions do not match its confusion matrix"),
    "no numbers": (["x"], "invalid confusion matrix or predictions"),
    "empty": ([""], "invalid confusion matrix or predictions"),
}


@pytest.mark.parametrize(("rows", "message"), ROWS.values(), ids=ROWS)
def test_predictions_that_are_not_those_of_the_matrix_are_refused(shop, rows, message):
    shop.add("T1")
    update(shop, "--rows")
    spoil(shop, lambda one: one["boards"]["shop"]["T1"].update(predicted=rows))

    with pytest.raises(UserError, match=message):
        run(shop)


def test_predictions_and_matrix_of_other_rows_can_not_be_compared(shop):
    shop.add("T1")
    update(shop, "--rows")

    def shift(baseline):
        one = baseline["boards"]["shop"]["T1"]
        codes = " ".join(one["predicted"]).split()
        one["predicted"] = [" ".join(codes[1:] + codes[:1])]

    spoil(shop, shift)

    result = run(shop, "--format", "json")
    assert result.exit_code == 2
    assert (
        "the baseline's confusion matrix does not match its test rows" in result.stdout
    )


def test_a_matrix_of_other_rows_can_not_be_compared(shop):
    shop.add("T1")
    update(shop)
    spoil(shop, lambda baseline: exchange_counts(baseline["boards"]["shop"]["T1"]))

    assert run(shop).exit_code == 2
    assert statuses(shop) == {"T1": "not comparable"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "can't be read"),
        ("null", "can't be read"),
        ("[]", "can't be read"),
        ('{"boards": 3}', "can't be read"),
        ('{"boards": {"shop": {"T1": NaN}}}', "can't be read"),
        ('{"boards": ' * 5000, "can't be read"),
        ('{"bords": {}}', "unknown field `bords`"),
        ('{"boards": {"shop": {}}}', "board 'shop' has no scenario"),
        ('{"boards": {"shop": {}, "shop": {}}}', "duplicate key 'shop'"),
        ('{"boards": {"../shop": {}}}', r"'\.\./shop' is not a valid board name"),
        ('{"schema_version": 0, "boards": {"shop": {}}}', "schema_version is 0"),
        ('{"schema_version": 9, "news": 1}', "Upgrade rakuten-bench"),
        ("{}", "contains no scenarios"),
        ('{"boards": {}}', "contains no scenarios"),
    ],
)
def test_a_malformed_or_empty_baseline_is_refused(shop, text, message):
    shop.add("T1")
    (shop.results / "baseline.json").write_text(text)

    with pytest.raises(UserError, match=f"baseline\\.json: (.|\n)*{message}"):
        run(shop)


def test_a_baseline_that_is_a_folder_is_one_message(shop):
    shop.add("T1")
    (shop.results / "baseline.json").mkdir()

    for words in ([], ["--update"]):
        result = run(shop, *words)
        assert result.exit_code == 2
        assert "is a directory" in result.output


def test_a_baseline_of_the_first_versions_is_read(shop):
    shop.add("T1", name="one", study="a.yaml")
    shop.has_run("a.yaml", scenarios={"T1": "one"})
    update(shop)

    def take_back(baseline):
        del baseline["schema_version"], baseline["studies"]
        del baseline["boards"]["shop"]["T1"]["study"]

    spoil(shop, take_back)

    assert statuses(shop) == {"T1": "ok"}
    shop.add("T2", name="one", study="a.yaml", predictions=worse(shop))
    shop.has_run("a.yaml", scenarios={"T2": "one"})
    assert statuses(shop) == {"T1": "regressed"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tolerance", "nan"], "'nan' is not a number between 0 and 1"),
        (["--rows"], "--rows and --no-rows need --update"),
        (["--no-rows"], "--rows and --no-rows need --update"),
        (["--update", "--write", "a.md"], "can't be combined with --update"),
        (["--seed", "3", "--cache", "c"], "--seed, --cache: needs a scenario file"),
        (["--dataset", "other"], "has no scenarios of 'other'"),
    ],
)
def test_options_that_would_have_no_effect_are_refused(shop, kept, words, message):
    with pytest.raises(UserError, match=message):
        run(shop, *words)


def test_a_check_never_overwrites_the_baseline(shop, kept):
    path = shop.results / "baseline.json"
    before = path.read_bytes()

    with pytest.raises(UserError, match="is the baseline"):
        run(shop, "--write", path.parent / "." / path.name)

    assert path.read_bytes() == before


def test_a_check_of_which_nothing_can_be_judged_does_not_pass():
    assert gate.exit_code([]) == 2
    assert gate.exit_code([gate.Verdict("shop", "T1", "", "new")]) == 2


def test_all_formats_list_scenarios_that_were_not_judged(shop, kept):
    for form in list_formats("junit"):
        text = " ".join(run(shop, "--format", form).stdout.split())

        assert "The results folder has no run of a scenario file" in text


WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"


def test_the_commands_of_the_workflow_exist_with_their_options():
    steps = yaml.safe_load((WORKFLOWS / "scores.yml").read_text())["jobs"]["gate"][
        "steps"
    ]
    lines = [line for step in steps for line in step.get("run", "").splitlines()]
    ours = [line for line in lines if line.startswith("rakuten-bench ")]

    for line in ours:
        words = shlex.split(line.partition(">")[0])
        command = rakuten_bench.get_command(None, words[1])
        command.make_context(words[1], words[2:])

    names = {line.split()[1] for line in ours}
    assert names == {"run", "check", "report"}
