"""The command line as a user meets it."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rakuten_bench.cli import rakuten_bench
from rakuten_bench.registry import MODEL

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def call(call, tmp_path, monkeypatch):
    """Return a function that runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    return call


@pytest.fixture
def table(tmp_path):
    """Write a little shop as CSV and a scenario file over it."""
    rows = [
        "name,kind",
        *(f"red {w} {i},{w}" for w in ("shoe", "pot", "hat") for i in range(10)),
    ]
    (tmp_path / "shop.csv").write_text("\n".join(rows), encoding="utf-8")
    text = """
dataset: {table: {path: shop.csv, title: name, label: kind}}
defaults: {tokenizer: regex}
scenarios:
  majority: {model: dummy}
  svm: {vectorizer: tfidf, model: linear_svc}
"""
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def commands():
    return rakuten_bench.list_commands(None)


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_with_an_example(name):
    shown = CliRunner().invoke(rakuten_bench, [name, "--help"]).output

    assert "Example" in shown
    assert f"rakuten-bench {name}" in shown


@pytest.mark.parametrize("name", commands())
def test_every_command_is_documented(name):
    pages = [REPOSITORY / "README.md", *REPOSITORY.glob("docs/*.md")]

    assert any(f"rakuten-bench {name}" in page.read_text("utf-8") for page in pages)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from rakuten_bench.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy', 'yaml', 'joblib'} & set(sys.modules)\n"
        "sys.exit(str(sorted(heavy)) if heavy else 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_a_run_prints_its_board_and_report_prints_it_again(call, table):
    code, board, _ = call("run", "shop.yaml")
    again, report, _ = call("report", "--top", "10")

    assert (code, again) == (0, 0)
    assert "svm" in board
    assert board.strip().splitlines()[2:5] == report.strip().splitlines()[2:5]


def test_report_shows_the_standing_that_run_has_kept(call, table):
    call("run", "shop.yaml", "--jobs", "1")
    (kept,) = Path("cache/standings").glob("*.json")
    standing = json.loads(kept.read_bytes().partition(b"\n")[2])
    standing["groups"] = [7, 7]
    content = json.dumps(standing).encode()
    checksum = hashlib.blake2b(content, digest_size=16).hexdigest()
    kept.write_bytes(checksum.encode() + b"\n" + content)

    _, out, _ = call("report", "--format", "json")

    assert out.count('"group": 7') == 2


def test_a_second_run_does_nothing_again(call, table):
    call("run", "shop.yaml")
    before = {path: path.stat().st_mtime_ns for path in table.glob("results/*/*/*")}

    code, _, said = call("run", "shop.yaml")

    assert code == 0
    assert "0 to run" in said
    assert {
        path: path.stat().st_mtime_ns for path in table.glob("results/*/*/*")
    } == before


def test_rerun_all_writes_the_same_predictions_again(call, table):
    call("run", "shop.yaml")
    record = next(table.glob("results/shop/T0010-0120-0000/record.json"))
    before = json.loads(record.read_text())

    call("run", "shop.yaml", "--rerun", "all")

    after = json.loads(record.read_text())
    assert after["predictions_digest"] == before["predictions_digest"]
    assert after["provenance"]["created"] >= before["provenance"]["created"]


def test_a_plan_runs_nothing(call, table):
    code, printed, _ = call("plan", "shop.yaml")

    assert code == 0
    assert re.search(r"scenarios\s+2 \(2 to run", printed)
    assert not (table / "results").exists()


def test_plan_and_run_report_a_second_name_of_a_scenario(call, table):
    with (table / "shop.yaml").open("a", encoding="utf-8") as file:
        file.write("  again: svm\n")

    told = "'again' is the same scenario as 'svm': it runs once, as 'svm'."
    assert told in call("plan", "shop.yaml")[1]
    assert told in call("run", "shop.yaml")[2]


def test_a_plan_warns_of_slow_options_and_names_scalable_ones(call, tmp_path):
    study = "dataset: {synthetic: {rows: 30000}}\nscenarios: {a: {model: svc}}"
    (tmp_path / "large.yaml").write_text(study)

    code, printed, _ = call("plan", str(tmp_path / "large.yaml"))

    assert code == 0
    told = r"model svc: about \d+ min.* per step, growing with rows\^2.5. "
    assert re.search(told + "Scales better: svc_nystroem", printed)


def test_levers_lists_every_option_with_its_parameters(call):
    code, printed, _ = call("levers", "model")

    assert code == 0
    for option in MODEL.options("text"):
        assert f"{option.digit} {option.name}" in printed
    assert not re.search(r"-$", printed, re.MULTILINE)  # "scikit-learn" stays whole


def test_levers_as_json_can_be_read_by_programs(call):
    _, printed, _ = call("levers", "vectorizer", "--format", "json")

    (lever,) = json.loads(printed)
    assert {option["option"] for option in lever["options"]} >= {"count", "tfidf"}


def test_the_schema_of_scenario_files_is_printed_for_editors(call):
    code, printed, _ = call("levers", "--schema")

    assert code == 0
    assert json.loads(printed)["properties"]["matrix"]


def test_a_schema_of_one_lever_is_refused(call):
    code, _, error = call("levers", "model", "--schema")

    assert code == 2
    assert "Leave out 'model'." in error


def test_an_unknown_lever_suggests_the_closest(call):
    code, _, error = call("levers", "vectoriser")

    assert code == 2
    assert "Did you mean 'vectorizer'?" in error


def run_with(call, table, change, tidy=True):
    """Run after a change to the scenario file or the data; return code and message."""
    change(table)
    code, out, error = call("run", "shop.yaml", "--quiet")
    assert "Traceback" not in out + error
    return code, error


def replace_in(name, old, new):
    def change(folder):
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replace_in("shop.yaml", "vectorizer", "vectoriser"), "Did you mean 'vectorizer'?"),
        (replace_in("shop.yaml", "tfidf", "tfidff"), "Did you mean 'tfidf'?"),
        (replace_in("shop.yaml", "linear_svc", "{linear_svc: {c: 1}}"), "parameter of linear_svc 'c'"),
        (replace_in("shop.yaml", "linear_svc", "{linear_svc: {C: low}}"), "'C'"),
        (replace_in("shop.yaml", "label: kind", "label: sort"), "sort"),
        (replace_in("shop.yaml", "shop.csv", "absent.csv"), "absent.csv"),
        (lambda folder: (folder / "shop.csv").write_text(""), "empty"),
        (lambda folder: (folder / "shop.csv").write_text("name,kind\n"), "shop.csv"),
        (
            replace_in("shop.csv", "red shoe 0,shoe", "the only one,single"),
            "single",
        ),
        (lambda folder: (folder / "shop.yaml").write_bytes(b"\xff\xfe\x00"), "shop.yaml"),
    ],
    ids=[
        "lever", "option", "parameter", "value", "label column", "no file", "empty file",
        "no rows", "class with one row", "no text",
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_message_and_loses_nothing(call, table, change, message):
    call("run", "shop.yaml")
    before = {path: path.read_bytes() for path in table.glob("results/*/*/*")}

    code, error = run_with(call, table, change)

    assert code == 2
    assert message in error
    assert {path: path.read_bytes() for path in table.glob("results/*/*/*")} == before


def test_anomalies_of_a_table_are_reported_everywhere(call, table):
    path = table / "shop.csv"
    text = path.read_text(encoding="utf-8").replace("red", "été")
    path.write_bytes(text.encode("cp1252"))
    remark = "shop.csv: read as Windows-1252, as 30 lines are not UTF-8"

    _, planned, _ = call("plan", "shop.yaml")
    _, described, _ = call("data", "describe", "--scenario-file", "shop.yaml")
    _, board, said = call("run", "shop.yaml")
    _, quiet, _ = call("run", "shop.yaml", "--quiet")
    _, report, _ = call("report")

    assert remark in planned
    assert remark in described
    assert remark in said
    for table_below in (board, quiet, report):
        assert f"Data: {remark}" in " ".join(table_below.split())


def test_a_table_in_windows_1252_is_read(call, table):
    path = table / "shop.csv"
    text = path.read_text(encoding="utf-8").replace("red", "été")
    path.write_bytes(text.encode("cp1252"))

    code, board, _ = call("run", "shop.yaml")

    assert code == 0
    assert "svm" in board


def test_a_text_that_is_empty_after_cleaning_is_kept_predicted_and_counted(call, table):
    path = table / "shop.csv"
    path.write_text(
        path.read_text().replace("red pot 3", "<br>").replace("red hat 4", "<p></p>")
    )
    replace_in("shop.yaml", "tokenizer: regex", "tokenizer: regex, cleaner: html")(
        table
    )

    code, _, _ = call("run", "shop.yaml")

    assert code == 0
    record = next(table.glob("results/shop/*/record.json"))
    found = [
        json.loads(path.read_text())
        for path in table.glob("results/shop/*/record.json")
    ]
    assert record.exists()
    assert all(one["dataset"]["n_rows"] == 30 for one in found)
    assert any("2 of 30" in note for one in found for note in one["notes"]), found[0][
        "notes"
    ]


def test_a_truncated_record_is_reported_and_run_again(call, table):
    call("run", "shop.yaml")
    record = next(table.glob("results/shop/T0010-0120-0000/record.json"))
    whole = json.loads(record.read_text())
    record.write_bytes(record.read_bytes()[:100])

    code, _, said = call("run", "shop.yaml")

    assert code == 0
    assert "record.json" in said
    assert "run again" in said
    assert (
        json.loads(record.read_text())["predictions_digest"]
        == whole["predictions_digest"]
    )


def test_a_damaged_cache_is_computed_again(call, table):
    call("run", "shop.yaml")
    for path in (table / "cache").rglob("*.entry"):
        path.write_bytes(path.read_bytes()[:50])
    shutil.rmtree(table / "results")

    code, board, _ = call("run", "shop.yaml")

    assert code == 0
    assert "svm" in board


def test_two_options_with_one_digit_are_refused(tmp_path):
    script = tmp_path / "clash.py"
    script.write_text(
        "from rakuten_bench.registry import MODEL\n"
        "from rakuten_bench.cli import main\n"
        "from rakuten_bench.errors import UserError\n"
        "import sys\n"
        "MODEL.options('text')\n"
        "try:\n"
        "    MODEL.option('mine', digit='1')(lambda: None)\n"
        "except UserError as error:\n"
        "    sys.exit(str(error))\n"
    )

    done = subprocess.run([sys.executable, script], capture_output=True, text=True)

    assert "digit '1' of lever 'model' is taken by 'logreg'" in done.stderr
    assert "clash.py" in done.stderr


def test_planning_and_running_need_scikit_learn_only_where_something_is_computed():
    code = "import sys, rakuten_bench.engine; sys.exit('sklearn' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rnu"], "unknown command 'rnu'. Did you mean 'run'?"),
        (["data", "describ"], "unknown command 'describ'. Did you mean 'describe'?"),
        (["cache", "verfy"], "unknown command 'verfy'. Did you mean 'verify'?"),
        (["xyzzy"], "unknown command 'xyzzy'. Known: cache, check, compare, "),
        (["run", "shop.yaml", "--job", "2"], "'--jobs'"),
        (["plan", "--data-dri", "x"], "'--data-dir'"),
    ],
)
def test_a_mistyped_command_or_option_gets_a_suggestion(call, words, message):
    code, _, err = call(*words)

    assert (code, message in err) == (2, True), err
