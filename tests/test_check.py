"""The gate: what fails it, what does not, and what it says."""

import dataclasses
import json
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from rakuten_bench import check, records
from rakuten_bench.cli import rakuten_bench
from rakuten_bench.errors import UserError


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
    baseline, _ = check.update_baseline(shop.results, check.Baseline(), ["shop"], rows)
    right = np.flatnonzero(shop.predictions(0.9).predicted == shop.true)

    for row in right[::40]:
        base = shop.predictions(0.9)
        predicted = base.predicted.copy()
        predicted[row] = (predicted[row] + 1) % 4
        shop.add("T1", predictions=dataclasses.replace(base, predicted=predicted))
        (verdict,) = check.judge(shop.results, baseline)

        assert verdict.status == "ok"
        assert verdict.change < 0


def test_a_far_worse_model_fails_the_gate_and_is_named(shop, kept):
    shop.add("T1", predictions=change_rows(shop.predictions(own=1), 60))

    result = run(shop)

    assert result.exit_code == 1
    assert statuses(shop) == {"T0": "ok", "T1": "regressed", "T2": "ok"}
    assert "T1" in result.output.partition("regressed")[2].splitlines()[0]


def test_a_far_better_model_is_told_and_passes(shop, kept):
    better = change_rows(shop.predictions(own=1), 50, better=True)
    shop.add("T1", predictions=better)

    assert statuses(shop)["T1"] == "improved"
    assert run(shop).exit_code == 0


def test_a_paired_test_sees_what_the_tolerance_can_not_know(shop):
    shop.add("T0")
    run(shop, "--update", "--rows")
    shop.add("T0", predictions=change_rows(shop.predictions(), 4))

    paired = json.loads(run(shop, "--format", "json").stdout)["scenarios"][0]

    assert paired["change"] < -check.TOLERANCE
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


def test_a_new_scenario_is_told_and_passes(shop, kept):
    shop.add("T9")

    result = run(shop)

    assert result.exit_code == 0
    assert "1 new" in result.output
    assert "T9" not in result.output
    assert statuses(shop)["T9"] == "new"


def test_torn_predictions_can_not_be_measured(shop):
    shop.add("T0")
    run(shop, "--update", "--rows")
    (shop.results / "shop" / "T0" / "predictions.npz").write_bytes(b"")

    (verdict,) = json.loads(run(shop, "--format", "json").stdout)["scenarios"]

    assert "predictions.npz: can't be read" in verdict["reason"]
    assert verdict["status"] == "missing"


def test_a_record_with_other_scores_than_its_rows_give_can_not_be_measured(shop, kept):
    shop.embellish(shop.results / "shop" / "T1")

    result = run(shop, "--format", "json")

    assert result.exit_code == 2
    assert statuses(shop) == {"T0": "ok", "T1": "missing", "T2": "ok"}
    assert "its scores are not those of predictions.npz" in result.stdout


def test_a_record_with_other_scores_than_its_rows_give_is_not_approved(shop):
    shop.add("T0")
    shop.embellish(shop.add("T1"))

    result = run(shop, "--update")

    assert result.exit_code == 0
    assert "left out: shop: T1: " in result.output
    assert "its scores are not those of predictions.npz" in result.output
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


def test_without_a_baseline_the_message_says_how_to_write_one(shop):
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

    with pytest.raises(UserError, match="Update rakuten-bench"):
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
    assert [case[0].tag if len(case) else "" for case in suite] == [
        "",
        "failure",
        "error",
    ]


def test_markdown_can_be_written_for_a_job_summary(shop, kept, tmp_path):
    run(shop, "--write", tmp_path / "check.md", "--write", tmp_path / "check.json")

    assert "| ok | shop | T0 |" in (tmp_path / "check.md").read_text()
    assert json.loads((tmp_path / "check.json").read_text())["exit_code"] == 0


def test_a_file_of_unknown_kind_is_refused(shop, kept, tmp_path):
    with pytest.raises(UserError, match=r"ends in \.txt, \.md"):
        run(shop, "--write", tmp_path / "check.pdf")


def test_another_score_can_be_checked(shop, kept):
    result = run(shop, "--metric", "accuracy")

    assert "Check of accuracy" in result.output


def created(second):
    moment = f"2026-01-01T00:00:{second:02d}+00:00"
    return records.Provenance(created=moment, python="", platform="")


def test_a_named_scenario_with_another_code_is_still_that_scenario(shop):
    shop.add("T1-aaaaaa", name="tuned", provenance=created(1))
    run(shop, "--update", "--rows")
    worse = change_rows(shop.predictions(), 60)
    shop.add("T1-bbbbbb", name="tuned", predictions=worse, provenance=created(2))

    result = run(shop)

    assert result.exit_code == 1
    assert statuses(shop) == {"T1-aaaaaa": "regressed"}
    assert "now T1-bbbbbb" in " ".join(result.output.split())
    assert "now T1-bbbbbb" in run(shop, "--format", "junit").output


def test_an_older_record_of_the_same_name_does_not_count(shop):
    worse = change_rows(shop.predictions(), 60)
    shop.add("T1-bbbbbb", name="tuned", predictions=worse, provenance=created(1))
    shop.add("T1-aaaaaa", name="tuned", provenance=created(2))
    run(shop, "--update", "--rows")

    baseline = json.loads((shop.results / "baseline.json").read_text())

    assert list(baseline["boards"]["shop"]) == ["T1-aaaaaa"]
    assert run(shop).exit_code == 0


def test_one_name_in_two_scenario_files_is_two_scenarios(shop):
    shop.add("T1-aaaaaa", name="linear", study="a.yaml", provenance=created(1))
    shop.add("T2-aaaaaa", name="linear", study="b.yaml", provenance=created(2))
    run(shop, "--update", "--rows")
    worse = change_rows(shop.predictions(), 60)
    shop.add("T1-bbbbbb", name="linear", study="a.yaml", predictions=worse,
             provenance=created(3))  # fmt: skip

    assert run(shop).exit_code == 1
    assert statuses(shop) == {"T1-aaaaaa": "regressed", "T2-aaaaaa": "ok"}


def test_a_scenario_is_found_by_its_code_when_its_file_has_another_name_by_now(shop):
    shop.add("T1-aaaaaa", name="linear", study="a.yaml")
    run(shop, "--update", "--rows")
    shop.add("T1-aaaaaa", name="linear", study="renamed.yaml")

    assert statuses(shop) == {"T1-aaaaaa": "ok"}


def test_a_damaged_record_beside_an_approved_one_can_not_be_measured(shop):
    shop.add("T1-aaaaaa", name="linear")
    run(shop, "--update", "--rows")
    folder = shop.add("T1-bbbbbb", name="linear")
    (folder / "record.json").write_bytes(b"{")

    result = run(shop)

    assert result.exit_code == 2
    assert statuses(shop) == {"T1-aaaaaa": "ok", "T1-bbbbbb": "missing"}
    assert "can't be read" in " ".join(result.output.split())


def test_an_update_tells_what_it_leaves_out(shop):
    shop.add("T1-aaaaaa", name="tuned", study="a.yaml", provenance=created(1))
    shop.add("T1-bbbbbb", name="tuned", study="a.yaml", provenance=created(2))
    shop.fail("T2", status="timeout")
    (shop.add("T3") / "record.json").write_bytes(b"{")

    result = run(shop, "--update")

    left_out = [line for line in result.stderr.splitlines() if "left out" in line]
    assert left_out[0] == (
        "left out: shop: T1-aaaaaa: 'tuned' of a.yaml is T1-bbbbbb by now"
    )
    assert left_out[1] == "left out: shop: T2: the record is timeout"
    assert left_out[2].startswith("left out: shop: T3: ")
    assert run(shop).exit_code == 2  # T3 may be the newest of an approved one


def test_scenarios_without_a_name_are_known_by_their_code_alone(shop):
    shop.add("T1-aaaaaa")
    run(shop, "--update", "--rows")
    shop.add("T1-bbbbbb", predictions=change_rows(shop.predictions(), 60))

    assert statuses(shop) == {"T1-aaaaaa": "ok", "T1-bbbbbb": "new"}


WORKFLOWS = Path(__file__).parents[1] / ".github" / "workflows"


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
