"""A system without `fork`, `fcntl`, `/proc` and signals that kill, as Windows.

The runs of this module are processes from which these are hidden: see
`elsewhere/sitecustomize.py`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from command_line import have_ended, odd_words, wait_for

ELSEWHERE = Path(__file__).parents[1] / "elsewhere"
HEAD = "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
GRID = "matrix: {vectorizer: [count, tfidf], model: [complement_nb, linear_svc]}"
SLOW = """
matrix:
  vectorizer: [count, tfidf]
  model: {odd: {log: LOG, how: pause, amount: [0.1, 0.11, 0.12]}}
"""


@pytest.fixture
def elsewhere(odd, monkeypatch):
    """Return a folder to work in; processes started from here lack what Windows lacks."""
    paths = [str(ELSEWHERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    return odd


def write(folder, text):
    text = HEAD + text.replace("LOG", (folder / "log").as_posix())
    (folder / "grid.yaml").write_text(text)


def run(*words):
    """Run the grid; return the exit code and what was written to standard error."""
    command = odd_words("run", "grid.yaml", *words)
    done = subprocess.run(
        command, stderr=subprocess.PIPE, encoding="utf-8", check=False
    )
    return done.returncode, done.stderr


def start(*words):
    return subprocess.Popen(
        odd_words("run", "grid.yaml", *words), stderr=subprocess.DEVNULL
    )


def records(folder, results="results"):
    paths = folder.glob(f"{results}/shop/*/record.json")
    return {path.parent.name: json.loads(path.read_text()) for path in paths}


def statuses(folder):
    return sorted(record["status"] for record in records(folder).values())


def predictions(folder, results):
    paths = folder.glob(f"{results}/shop/*/predictions.npz")
    return {path.parent.name: path.read_bytes() for path in paths}


def noted(folder):
    return (folder / "log").read_text().splitlines()


def python(code):
    command = [sys.executable, "-c", code]
    return subprocess.check_output(command, encoding="utf-8").split()


def test_what_is_missing_there_is_missing_in_these_tests(elsewhere):
    answers = python(
        "import rakuten_bench.executor as executor\n"
        "from rakuten_bench.store import lock\n"
        "from rakuten_bench.executor import memory\n"
        "print(executor.DEFAULT, lock.try_lock.__module__, memory._LISTS_CHILDREN)"
    )

    assert answers == ["portable", "rakuten_bench.store.lock.windows", "False"]


IMPORT_ALL = """
import importlib, pkgutil
import rakuten_bench
here = ("rakuten_bench.executor.local", "rakuten_bench.store.lock.flock")
optional = ("rakuten_bench.executor.dask", "rakuten_bench.neural", "rakuten_bench.__main__")
modules = pkgutil.walk_packages(rakuten_bench.__path__, "rakuten_bench.")
names = [module.name for module in modules if not module.name.startswith(optional)]
for name in names:
    if not name.startswith(f"{here[0]}.") and name != here[1]:
        importlib.import_module(name)
print(len(names))
"""


def test_every_module_can_be_imported_there(elsewhere):
    assert int(python(IMPORT_ALL)[0]) > 300


def test_a_grid_has_the_same_predictions_to_the_byte(elsewhere, monkeypatch):
    write(elsewhere, GRID)
    assert run("--results", "there", "--cache", "there")[0] == 0
    monkeypatch.delenv("PYTHONPATH")
    assert run("--results", "here", "--cache", "here")[0] == 0

    assert len(predictions(elsewhere, "here")) == 4
    assert predictions(elsewhere, "there") == predictions(elsewhere, "here")


def test_forks_are_refused_in_one_message(elsewhere):
    write(elsewhere, GRID)

    code, error = run("--executor", "local")

    assert code == 2
    assert "this system can't fork processes. Use --executor portable" in error


def test_a_step_over_its_time_or_memory_is_a_row_of_the_board(elsewhere):
    write(elsewhere, "scenarios: {a: {model: {odd: {how: sleep, amount: 60}}}}")
    assert run("--time-limit", "2s")[0] == 1
    assert statuses(elsewhere) == ["timeout"]

    write(elsewhere, "scenarios: {a: {model: {odd: {how: allocate, amount: 3000}}}}")
    assert run("--memory-limit", "600MB")[0] == 1
    assert statuses(elsewhere) == ["oom", "timeout"]


def test_a_step_whose_process_is_killed_runs_again(elsewhere):
    mortal = "{mortal: {log: LOG, amount: 1}}"
    write(elsewhere, f"scenarios: {{a: {{model: {mortal}}}}}")

    assert run()[0] == 0

    assert noted(elsewhere).count("fit") == 2


def test_a_killed_run_loses_nothing_and_leaves_no_process(elsewhere):
    write(elsewhere, SLOW)
    killed = start()
    assert wait_for(lambda: records(elsewhere))
    family = psutil.Process(killed.pid).children(recursive=True)
    killed.kill()
    killed.wait()
    assert family
    assert have_ended(family)
    finished = {
        code: record["provenance"]["created"]
        for code, record in records(elsewhere).items()
    }

    assert run()[0] == 0

    after = records(elsewhere)
    assert 0 < len(finished) < len(after) == 6
    assert statuses(elsewhere) == ["ok"] * 6
    assert {code: after[code]["provenance"]["created"] for code in finished} == finished


def test_two_runs_side_by_side_compute_no_step_twice(elsewhere):
    write(elsewhere, SLOW)
    runs = [start("--results", f"results{number}") for number in range(2)]

    assert [run.wait() for run in runs] == [0, 0]

    fitted = [line for line in noted(elsewhere) if line.startswith("model")]
    assert len(fitted) == len(set(fitted)) * 2 == 6
    assert (
        records(elsewhere, "results0").keys() == records(elsewhere, "results1").keys()
    )
