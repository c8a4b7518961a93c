"""Runs with failing steps: each failure is typed, and all other steps continue."""

import dataclasses
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import chain

import psutil
import pytest

import command_line
from command_line import (
    DRIVER,
    ODD_OPTIONS,
    can_mount,
    have_ended,
    odd_words,
    run_mounting,
    wait_for,
)
from rakuten_bench.engine import Settings, find_unscored, prepare
from rakuten_bench.engine.inputs import save_inputs
from rakuten_bench.errors import UserError
from rakuten_bench.executor import work
from rakuten_bench.executor.task import Task
from rakuten_bench.executor.work import is_cheaper
from rakuten_bench.records import iter_rows
from rakuten_bench.registry import DIGITS, NORMALIZER
from rakuten_bench.scenario.load import load_study
from rakuten_bench.store.codec import Encoded
from rakuten_bench.store.result import Recompute, Store
from rakuten_bench.units import render_seconds

HEAD = """
dataset: {table: {path: shop.csv, title: name, label: kind, language: language}}
defaults: {tokenizer: regex}
"""


def write(folder, text, name="grid.yaml"):
    (folder / name).write_text(HEAD + text, encoding="utf-8")


def call(capsys, *words):
    return command_line.call(capsys, "run", "grid.yaml", "--jobs", "2", *words)


def records(folder, results="results"):
    found = [
        json.loads(p.read_text()) for p in folder.glob(f"{results}/shop/*/record.json")
    ]
    return {record["name"] or record["code"]: record for record in found}


def digests(folder, results="results"):
    return {
        name: record["predictions_digest"]
        for name, record in records(folder, results).items()
    }


def started(folder, *words, **options):
    """Start the same in a process of its own."""
    return subprocess.Popen(
        odd_words("run", "grid.yaml", *words),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


FIVE = """
limits: {time: 60s, memory: 500MB}
scenarios:
  fine: {model: odd}
  hungry: {model: {odd: {how: allocate, amount: 4000}}}
  slow: {model: {odd: {how: sleep, amount: 60}}, limits: {time: 1s}}
  crash: {model: {odd: {how: segfault}}}
  wrong: {model: {odd: {how: fail, amount: 3}}}
"""


def test_five_scenarios_end_in_five_ways_and_all_are_on_the_board(odd, capsys):
    write(odd, FIVE)

    code, board, _ = call(capsys)

    found = records(odd)
    assert code == 1
    assert {name: record["status"] for name, record in found.items()} == {
        "fine": "ok", "hungry": "oom", "slow": "timeout", "crash": "failed",
        "wrong": "failed",
    }  # fmt: skip
    assert all(record["code"] in board for record in found.values())


def test_a_record_contains_the_cause_of_its_failure(odd, capsys):
    write(odd, FIVE)

    call(capsys)

    errors = {name: record["error"] for name, record in records(odd).items()}
    assert re.search("over its memory limit of 500 MB", errors["hungry"]["message"])
    assert re.search(
        r"stopped after \d+(\.\d)? s, with \d+ MB in use", errors["slow"]["message"]
    )
    assert errors["crash"]["type"] == "SIGSEGV"
    assert "string_at" in errors["crash"]["traceback"]
    assert errors["wrong"]["message"].endswith("no way with 3")
    assert "ValueError" in errors["wrong"]["traceback"]


def test_a_record_without_scores_contains_the_costs_of_its_steps(odd, capsys):
    write(odd, FIVE)

    _, board, _ = call(capsys)

    found = records(odd)
    levers = [step["lever"] for step in found["fine"]["steps"]]
    for name in ("hungry", "slow", "crash", "wrong"):
        *before, last = found[name]["steps"]
        assert [step["lever"] for step in (*before, last)] == levers
        assert [step.get("failed") for step in (*before, last)] == [
            *[None] * len(before), True,
        ]  # fmt: skip
        assert found[name]["fit_time"] == pytest.approx(
            found[name]["own_time"] + found[name]["saved_time"]
        )
        assert found[name]["peak_memory"] > 10**6
    assert 1.0 <= found["slow"]["own_time"] < 20.0
    assert found["slow"]["steps"][-1]["memory"] > 10**6
    assert found["hungry"]["steps"][-1]["memory"] > 500 * 10**6
    every = [step for record in found.values() for step in record["steps"]]
    total = sum({step["key"]: step["seconds"] for step in every}.values())
    own = sum(record["own_time"] for record in found.values())
    assert own == pytest.approx(total)
    assert f"Own time {render_seconds(own)} in total" in " ".join(board.split())


def test_a_scheduler_that_would_not_be_used_is_refused(odd, capsys):
    write(odd, FIVE)
    words = ["--executor", "local", "--scheduler", "tcp://far:8786"]

    code, _, error = call(capsys, *words)

    assert code == 2
    assert error.endswith(
        "\nError: --scheduler tcp://far:8786: --executor local does not use one. Remove "
        "one of the two.\n"
    )


@pytest.mark.parametrize(
    ("word", "again"),
    [
        ("missing", set()),
        ("timeout", {"slow"}),
        ("oom", {"hungry"}),
        ("failed", {"slow", "hungry", "crash", "wrong"}),
    ],
)
def test_rerun_takes_up_what_it_names(odd, capsys, word, again):
    log = f"log: {odd}/log"
    write(odd, FIVE.replace("how", f"{log}, how"))
    call(capsys)
    (odd / "log").unlink()

    call(capsys, "--rerun", word)

    lines = (odd / "log").read_text().split() if again else []
    names = {
        "allocate": "hungry",
        "sleep": "slow",
        "segfault": "crash",
        "fail": "wrong",
    }
    assert {names[word] for word in lines if word in names} == again


STOPPED = """
limits: {time: 60s, memory: LIMIT}
scenarios:
  fine: {model: odd}
  hungry: {model: {odd: {how: allocate, amount: 4000}}}
"""


def test_a_scenario_over_a_limit_runs_again_where_another_limit_holds(odd, capsys):
    write(odd, STOPPED.replace("LIMIT", "500MB"))
    call(capsys)
    stopped = records(odd)["hungry"]["stopped"]

    _, _, same = call(capsys)
    write(odd, STOPPED.replace("LIMIT", "600MB"))
    _, _, other = call(capsys)
    _, _, forced = call(capsys, "--memory-limit", "400MB")

    assert stopped["memory"] == 500_000_000
    assert "2 scenarios, 0 to run" in same
    assert "1 scenario skipped that exceeded a limit before" in same
    assert "--rerun oom" in same
    assert "2 scenarios, 1 to run" in other
    assert "2 scenarios, 1 to run" in forced
    assert records(odd)["hungry"]["stopped"]["memory"] == 400_000_000


def test_a_scenario_over_a_limit_runs_again_on_another_machine(odd, capsys):
    write(odd, STOPPED.replace("LIMIT", "500MB"))
    call(capsys)
    (path,) = [
        path
        for path in (odd / "results").glob("shop/*/record.json")
        if '"oom"' in path.read_text()
    ]
    record = json.loads(path.read_text())
    smaller = record["stopped"] | {"machine_memory": 1}
    path.write_text(json.dumps(record | {"stopped": smaller}))

    _, _, again = call(capsys)

    assert "2 scenarios, 1 to run" in again


def test_a_record_that_is_made_anew_stays_until_the_new_one_is_there(odd):
    write(odd, "scenarios: {slow: {cleaner: {noted: {seconds: 1}}, model: odd}}")
    started(odd, "--quiet").communicate(timeout=120)
    before = records(odd)["slow"]["provenance"]["created"]
    run = started(odd, "--rerun", "all", "--cache", "other")
    assert wait_for((odd / "other" / "steps").is_dir)
    time.sleep(0.3)

    run.kill()

    run.communicate(timeout=120)
    assert records(odd)["slow"]["provenance"]["created"] == before
    again = started(odd, "--rerun", "all", "--cache", "other")
    again.communicate(timeout=120)
    assert records(odd)["slow"]["provenance"]["created"] > before


def test_a_limit_on_the_command_line_holds_for_every_step(odd, capsys):
    write(odd, FIVE)

    call(capsys, "--time-limit", "0.5s")

    error = records(odd)["hungry"]["error"]
    assert "over its time limit of 0.5 s" in error["message"]


def test_a_step_over_its_time_limit_is_forecast_to_take_longer(odd, capsys):
    write(odd, "scenarios: {slow: {model: {odd: {how: sleep, amount: 60}}}}")
    call(capsys, "--time-limit", "3s")

    _, said, _ = command_line.call(capsys, "plan", "grid.yaml", "--results", "none")

    assert float(re.search(r"^forecast +([\d.]+) s", said, re.MULTILINE)[1]) >= 3.0


def test_a_limit_of_an_option_holds_for_that_option(odd, capsys):
    write(
        odd,
        """
limits: {model: {odd: {time: 0.4s}}}
scenarios:
  slow: {model: {odd: {how: pause, amount: 60}}}
  other: {model: dummy}
""",
    )

    call(capsys)

    found = records(odd)
    assert found["slow"]["status"] == "timeout"
    assert found["other"]["status"] == "ok"


def test_a_limit_of_an_option_holds_for_what_prepares_it(odd, capsys):
    write(
        odd,
        """
limits: {model: {rested: {time: 0.3s}}}
scenarios:
  prepared: {model: rested}
""",
    )

    call(capsys)

    error = records(odd)["prepared"]["error"]
    assert error["message"].startswith("model rest [fold 0]")
    assert error["type"] == "TimeLimit"


def test_a_shared_step_may_use_what_its_most_generous_scenario_allows(odd, capsys):
    write(
        odd,
        """
matrix:
  - {cleaner: {noted: {seconds: 4}}, model: dummy, limits: {time: 3s}}
  - {cleaner: {noted: {seconds: 4}}, model: odd}
""",
    )

    call(capsys)

    assert {record["status"] for record in records(odd).values()} == {"ok"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--time-limit", "soon"], "time limit 'soon' is not a duration"),
        (["--memory-limit", "6"], "'6' is not a size such as 6GB or 512MiB"),
        (["--cache-size", "much"], "'much' is not a size"),
    ],
)
def test_a_limit_that_is_none_is_refused(odd, capsys, words, message):
    write(odd, "scenarios: {fine: {model: odd}}")

    code, _, error = call(capsys, *words)

    assert code == 2
    assert message in error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limits: {time: soon}", "grid.yaml:4: time limit 'soon' is not a duration"),
        ("limits: {tme: 3s}", "unknown lever 'tme'. Did you mean 'time'?"),
        ("limits: {model: {svcc: {time: 3s}}}", "unknown model 'svcc'."),
        (
            "limits: {model: {odd: {tim: 3s}}}",
            "unknown limit 'tim'. Did you mean 'time'?",
        ),
        ("limits: 3", "limits must be a mapping"),
    ],
)
def test_limits_are_checked_before_anything_runs(odd, capsys, text, message):
    write(odd, f"{text}\nscenarios: {{fine: {{model: odd}}}}")

    code, _, error = call(capsys)

    assert code == 2
    assert message in error


GRID = """
matrix:
  cleaner: {noted: {log: LOG, seconds: 0.1, padding: [0, 1, 2]}}
  vectorizer: [count, tfidf]
  model: {odd: {log: LOG, how: pause, amount: [0.05, 0.06]}}
"""


def free_digit(lever):
    taken = {option.digit for option in lever.options("text")}
    return next(digit for digit in DIGITS if digit not in taken)


def counted(folder):
    return Counter((folder / "log").read_text().splitlines())


@pytest.fixture
def absent(odd):
    """Register two options whose packages nobody has."""
    for name in ("absent_one", "absent_two"):
        register = NORMALIZER.option(
            name, digit=free_digit(NORMALIZER), needs=name.replace("_", "-")
        )
        register(lambda tokens: tokens)
    return odd


@pytest.mark.parametrize(
    "text",
    [
        "matrix: {normalizer: [absent_one, absent_two], model: [dummy]}",
        """
scenarios:
  joined:
    fusion: mean
    members: [{normalizer: absent_one}, {normalizer: absent_two}]
""",
    ],
    ids=["matrix", "members"],
)
def test_all_missing_packages_are_named_at_once(absent, capsys, text):
    write(absent, text)

    code, _, error = call(capsys)

    assert code == 2
    assert "pip install absent-one" in error
    assert "pip install absent-two" in error


def test_no_step_is_computed_twice_with_two_workers(odd, capsys):
    write(odd, GRID.replace("LOG", f"{odd}/log"))

    code, _, _ = call(capsys)

    cleaned = {line: n for line, n in counted(odd).items() if "cleaner" in line}
    learned = {line: n for line, n in counted(odd).items() if "model" in line}
    assert code == 0
    assert list(cleaned.values()) == [1, 1, 1]
    assert sum(learned.values()) == 12


def test_two_runs_side_by_side_share_the_work(odd):
    write(odd, GRID.replace("LOG", f"{odd}/log"))
    runs = [started(odd, "--results", name) for name in ("one", "two")]

    codes = [run.wait(timeout=120) for run in runs]

    for run in runs:
        run.stdout.close()
    assert codes == [0, 0]
    assert sum(n for line, n in counted(odd).items() if "cleaner" in line) == 3
    assert sum(n for line, n in counted(odd).items() if "model" in line) == 12
    assert digests(odd, "one") == digests(odd, "two")
    assert len(digests(odd, "one")) == 12


def test_a_claim_whose_owner_was_killed_is_taken_over(odd):
    text = "scenarios: {slow: {cleaner: {noted: {log: LOG, seconds: 2}}, model: odd}}"
    write(odd, text.replace("LOG", f"{odd}/log"))
    first = started(odd, "--results", "one")
    assert wait_for((odd / "log").exists)
    second = started(odd, "--results", "two")
    time.sleep(0.5)

    first.kill()

    assert second.wait(timeout=60) == 0
    assert records(odd, "two")["slow"]["status"] == "ok"
    for run in (first, second):
        run.communicate(timeout=120)


@pytest.mark.parametrize(("n_kills", "status"), [(2, "ok"), (3, "failed")])
def test_a_step_killed_from_outside_is_run_again_twice(odd, capsys, n_kills, status):
    log = odd / "log"
    model = f"{{mortal: {{amount: {n_kills}, log: {log}}}}}"
    write(odd, f"scenarios: {{one: {{model: {model}}}, other: {{model: odd}}}}")

    code, _, printed = call(capsys)

    found = records(odd)
    assert found["one"]["status"] == status
    assert found["other"]["status"] == "ok"
    assert code == (status != "ok")
    assert log.read_text().count("fit\n") == 3
    if status == "ok":
        assert "killed from outside, and it was run again: model mortal" in printed
    else:
        assert found["one"]["error"]["type"] == "SIGKILL"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_immediately_and_leaves_no_process(odd, number):
    write(
        odd,
        "scenarios: {slow: {model: {odd: {log: LOG, how: sleep, amount: 60}}}}".replace(
            "LOG", f"{odd}/log"
        ),
    )
    run = started(odd, start_new_session=True)
    assert wait_for((odd / "log").exists)
    family = psutil.Process(run.pid).children(recursive=True)
    start = time.monotonic()

    run.send_signal(number)

    run.communicate(timeout=60)
    assert time.monotonic() - start < 30  # it would have slept for 60
    assert run.returncode != 0
    assert have_ended(family, seconds=30)  # less than it would have slept


def test_finished_steps_of_a_killed_run_are_not_run_again(odd):
    write(odd, GRID.replace("LOG", f"{odd}/log").replace("[0.05, 0.06]", "[0.5, 0.6]"))
    first = started(odd, "--jobs", "1")
    assert wait_for(lambda: len(records(odd)) >= 2)
    first.kill()
    first.communicate(timeout=120)
    before = {p: p.stat().st_mtime_ns for p in odd.glob("results/shop/*/*")}
    n_done = sum(p.name == "record.json" for p in before)

    second = started(odd, "--jobs", "2")

    text, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert f"{12 - n_done} to run" in text
    assert all(
        p.stat().st_mtime_ns == before[p]
        for p in before
        if p.parent.joinpath("record.json") in before
    )
    models = Counter(re.findall("model pause .*", (odd / "log").read_text()))
    assert sum(models.values()) <= 12 + 1  # the one in flight
    assert len(records(odd)) == 12


def test_a_full_disk_is_one_message_and_the_run_resumes_later(odd, capsys):
    write(odd, "scenarios: {fine: {model: dummy}, full: {model: {odd: {how: fill}}}}")

    code, _, error = call(capsys, "--jobs", "1")

    assert code == 2
    assert "no space left on the disk" in error
    assert "Traceback" not in error
    assert "full" not in records(odd)


@pytest.mark.skipif(not can_mount(), reason="no small disk can be made here")
def test_on_a_small_disk_records_stay_readable_and_the_run_resumes_with_space(odd):
    write(odd, GRID.replace("LOG", "''").replace("[0, 1, 2]", "[0, 1, 100000]"))
    (odd / "driver.py").write_text(DRIVER)
    (odd / "disk").mkdir()
    script = f"""
set -u
mount -t tmpfs -o size=3m tmpfs disk
run="{sys.executable} driver.py {ODD_OPTIONS} run grid.yaml --jobs 2 --quiet --cache disk/cache --results disk/results"
$run; echo "code $?"
ls disk/results/shop | wc -l
mount -o remount,size=400m disk
$run; echo "code $?"
cp -r disk/results results
"""

    done = run_mounting(script)

    codes = re.findall("^code .", done.stdout, re.MULTILINE)
    assert codes == ["code 2", "code 0"], done.stdout + done.stderr
    assert done.stderr.count("no space left") == 1
    assert "Traceback" not in done.stderr
    assert {record["status"] for record in records(odd).values()} == {"ok"}
    assert len(records(odd)) == 12


def test_results_that_are_cheaper_to_compute_than_to_load_are_not_stored():
    encoded = Encoded([b"x" * 6_000_000])

    assert is_cheaper(0.001, encoded, 0.002)
    assert not is_cheaper(10.0, encoded, 0.002)
    assert not is_cheaper(0.0, Encoded([b"small"]), 0.002)


def run_steps(prepared, root, **words):
    """Run a plan's steps by hand; return where their results are."""
    store = Store(root)
    save_inputs(dataclasses.replace(prepared, store=store))
    for step in prepared.plan.steps.values():
        assert work.work(Task(step, root, **words)).fault is None
    return store


@pytest.fixture
def plain(odd):
    write(odd, GRID.replace("LOG", f"{odd}/log"))
    return prepare(load_study(odd / "grid.yaml"), Settings(odd / "results"))


def slow_down_the_disk(monkeypatch):
    """Make everything cheaper to compute than to load.

    By private constants: no value of a test is so large that its loading takes longer.
    """
    monkeypatch.setattr(work, "_MIN_RECOMPUTE_SIZE", 0)
    monkeypatch.setattr(work, "_DISK_SPEED", 1.0)


def test_results_that_were_not_stored_are_computed_at_their_reader(
    odd, plain, monkeypatch
):
    expected = run_steps(plain, odd / "values")
    (odd / "log").unlink()
    slow_down_the_disk(monkeypatch)

    store = run_steps(plain, odd / "recipes")

    steps = plain.plan.steps.values()
    kept = {s.lever for s in steps if not isinstance(store.load(s.key), Recompute)}
    n_cleaned = sum(n for line, n in counted(odd).items() if "cleaner" in line)
    assert kept == {"model"}
    assert n_cleaned > 3  # once to see what it takes, then for those that read it
    for key in chain(*plain.plan.outputs.values()):
        found, wanted = store.load(key), expected.load(key)
        assert found.predicted.tolist() == wanted.predicted.tolist()


def test_results_of_a_gpu_are_always_stored(odd, plain, monkeypatch):
    slow_down_the_disk(monkeypatch)

    store = run_steps(plain, odd / "cuda", device="cuda")

    for key in plain.plan.steps:
        assert not isinstance(store.load(key), Recompute)


def test_a_run_reports_measured_and_predicted_costs(odd, capsys):
    write(odd, GRID.replace("LOG", "''"))
    _, _, first = call(capsys)
    _, _, second = call(capsys, "--cache", "other", "--rerun", "all")
    shutil.rmtree(odd / "cache" / "steps")
    costs = odd / "cache" / "costs.jsonl"
    costs.write_text(re.sub(r",\d+\.\d+,", ",2.0,", costs.read_text()))
    n_steps = len(costs.read_text().splitlines())

    _, _, third = call(capsys, "--rerun", "all")

    assert "steps guessed" in first
    assert "steps guessed" in second
    assert "guessed" not in third
    measured, predicted = re.search(
        r"measured ([\d.]+) s of work .* predicted ([\d.]+) s", third
    ).groups()
    assert float(measured) > 0
    assert float(predicted) == 2 * n_steps


def test_the_record_contains_the_number_of_threads(odd, capsys):
    write(odd, "scenarios: {fine: {model: odd}}")

    call(capsys, "--threads", "1")

    assert records(odd)["fine"]["n_threads"] == 1
    assert records(odd)["fine"]["device"] == "cpu"


REMARKED = """
scenarios:
  one: {cleaner: {noted: {remark: half of it is missing}}, model: odd}
  two: {cleaner: {noted: {remark: half of it is missing}}, model: dummy}
"""


def notes(folder, results):
    return {name: one["notes"] for name, one in records(folder, results).items()}


def test_notes_of_a_step_are_in_every_record_that_uses_it(odd, capsys):
    write(odd, REMARKED)

    call(capsys, "--results", "computed")
    call(capsys, "--results", "cached")

    expected = {"one": ["half of it is missing"], "two": ["half of it is missing"]}
    assert notes(odd, "computed") == expected
    assert notes(odd, "cached") == expected


def discard_cleaned(folder):
    """Remove the cleaned texts from the cache, as eviction does."""
    store = Store(folder / "cache" / "steps")
    for key in list(store.iter_keys()):
        if store.facts(key).lever == "cleaner":
            store.discard(key)


def test_notes_of_a_step_outlive_its_result(odd, capsys):
    write(odd, REMARKED)
    call(capsys)
    discard_cleaned(odd)

    call(capsys, "--results", "later")

    assert notes(odd, "later")["one"] == ["half of it is missing"]
    assert "half of it is missing" in (odd / "cache" / "costs.jsonl").read_text()


def test_a_record_marks_unknown_durations(odd, capsys):
    write(odd, REMARKED)
    call(capsys)
    discard_cleaned(odd)
    (odd / "cache" / "costs.jsonl").unlink()

    call(capsys, "--results", "later")

    (note,) = notes(odd, "later")["one"]
    assert note.startswith("seconds of 1 step are not known: cleaner noted(")


def test_the_exit_code_is_0_only_if_every_scenario_has_scores_as_of_now(odd, capsys):
    write(odd, "scenarios: {fine: {model: odd}, plain: {model: dummy}}")
    assert call(capsys)[0] == 0
    (path,) = (
        p for p in odd.glob("results/shop/*/record.json") if "plain" in p.read_text()
    )
    settings = Settings(odd / "results", odd / "cache")
    plan = prepare(load_study(odd / "grid.yaml"), settings).plan
    assert find_unscored(plan, iter_rows(settings.results, "shop")) == ()
    record = json.loads(path.read_text())

    for change in ({"status": "failed"}, {"key": "of another day"}):
        path.write_text(json.dumps(record | change))
        rows = iter_rows(settings.results, "shop")
        assert find_unscored(plan, rows) == (record["code"],)
    path.unlink()

    rows = iter_rows(settings.results, "shop")
    assert find_unscored(plan, rows) == (record["code"],)


def test_a_relative_path_in_a_parameter_starts_from_the_working_folder(odd, capsys):
    write(odd, "scenarios: {fine: {model: {odd: {log: here}}}}")

    call(capsys)

    assert (odd / "here").read_text().startswith("model fine")


def test_results_that_vanish_during_a_run_are_computed_again(odd):
    write(odd, GRID.replace("LOG", f"{odd}/log").replace("[0.05, 0.06]", "[0.5, 0.6]"))
    run = started(odd, "--jobs", "1")
    assert wait_for(lambda: len(records(odd)) >= 1)

    for path in (odd / "cache" / "steps").glob("??/*.entry"):
        path.unlink()

    run.communicate(timeout=60)
    assert run.returncode == 0
    assert len(records(odd)) == 12


EDIT = """
import pathlib
def edit():
    path = pathlib.Path('FILE')
    path.write_text(path.read_text().replace('* 7', '* 9'))
"""
BEFORE_POOLS = """
from rakuten_bench.executor.local.server_process import ServerProcess
start = ServerProcess.__init__
def edit_and_start(*words):
    edit()
    start(*words)
ServerProcess.__init__ = edit_and_start
"""
BEFORE_STATIONS = """
from rakuten_bench.executor.dask.client import DaskExecutor
opened = DaskExecutor.open
DaskExecutor.open = lambda *words: (edit(), opened(*words))
"""
AFTER_THE_FIRST_RUN = """
import shutil
from rakuten_bench import engine
ran = engine.Run
def run_and_edit(*words):
    for _ in ran(*words).events():
        pass
    shutil.rmtree("cache")
    edit()
    return ran(*words)
engine.Run = run_and_edit
"""


@pytest.mark.parametrize(
    ("before", "words", "n_records"),
    [
        (BEFORE_POOLS, [], 0),
        (BEFORE_STATIONS, ["--executor", "dask"], 0),
        (AFTER_THE_FIRST_RUN, [], 1),
    ],
    ids=["while workers start", "while workers open", "between two runs"],
)
def test_source_that_changes_after_it_was_digested_stops_a_run(
    odd, before, words, n_records
):
    """Its results would be named by the source as it was."""
    if words:
        pytest.importorskip("distributed")
    write(odd, "scenarios: {fine: {model: odd}}")
    file = odd / "changing.py"
    file.write_text(ODD_OPTIONS.read_text())
    edit = EDIT.replace("FILE", str(file))
    command = odd_words("run", "grid.yaml", *words, options=file, before=edit + before)

    done = subprocess.run(command, cwd=odd, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert (
        "the source of odd_options was edited after this program started" in done.stderr
    )
    assert len(records(odd)) == n_records


def test_data_of_one_class_are_refused_unless_they_are_clustered(tmp_path):
    rows = "".join(f"shoe {i},shoe\n" for i in range(10))
    (tmp_path / "shop.csv").write_text(f"name,kind\n{rows}")
    file = tmp_path / "study.yaml"
    settings = Settings(results=tmp_path / "results", cache=tmp_path / "cache")
    head = "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"

    file.write_text(f"{head}scenarios: [{{vectorizer: tfidf, model: logreg}}]\n")
    with pytest.raises(UserError, match="all 10 rows have the label 'shoe'"):
        prepare(load_study(file), settings)

    file.write_text(f"{head}scenarios: [{{vectorizer: tfidf, model: kmeans}}]\n")
    assert len(prepare(load_study(file), settings).todo) == 1
