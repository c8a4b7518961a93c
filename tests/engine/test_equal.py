"""Predictions are bit-identical for any way to run a grid, also after a kill."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time

import psutil
import pytest

from command_line import enter, have_ended, odd_words, wait_for
from pools import POOLS

#: More of the same on demand: KILLS=20 pytest tests/engine/test_equal.py
KILLS = int(os.environ.get("KILLS", "4"))

HEAD = """
dataset: {table: {path: shop.csv, title: name, label: kind, language: language}}
"""
GRID = """
defaults: {tokenizer: regex}
matrix:
  normalizer: [off, stem_snowball]
  vectorizer: [count, tfidf]
  model: [complement_nb, linear_svc, logreg]
"""
SLOW = """
defaults: {tokenizer: regex}
matrix:
  cleaner: {noted: {log: LOG, seconds: 0.1, padding: [0, 1]}}
  vectorizer: [count, tfidf]
  model: {odd: {log: LOG, how: pause, amount: [0.1, 0.11, 0.12]}}
"""


@pytest.fixture
def shop(odd):
    (odd / "grid.yaml").write_text(HEAD + GRID)
    (odd / "slow.yaml").write_text(HEAD + SLOW.replace("LOG", str(odd / "log")))
    return odd


def call(*words):
    assert enter("run", *words, "--quiet") == 0


def started(folder, file, *words):
    """Start a run in a process, and a group, of its own."""
    return subprocess.Popen(
        odd_words("run", file, *words),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def records(folder, results):
    """Return what is on the disk; every file of it has to be whole."""
    paths = folder.glob(f"{results}/shop/*/record.json")
    return {path.parent.name: json.loads(path.read_text()) for path in paths}


def digests(folder, results):
    found = records(folder, results)
    assert {record["status"] for record in found.values()} == {"ok"}
    return {code: record["predictions_digest"] for code, record in found.items()}


def test_predictions_are_the_same_however_a_grid_is_run(shop, capsys):
    call("grid.yaml", "--jobs", "1", "--results", "one", "--cache", "a")
    expected = digests(shop, "one")

    call("grid.yaml", "--jobs", "2", "--results", "two", "--cache", "b")
    call("grid.yaml", "--jobs", "2", "--results", "warm", "--cache", "b")
    for code, record in records(shop, "one").items():
        words = {**record["levers"]}
        text = f"{HEAD}scenarios: [{json.dumps(words)}]"
        (shop / "single.yaml").write_text(text)
        call("single.yaml", "--results", "alone", "--cache", f"c{code}")

    assert len(expected) == 12
    assert digests(shop, "two") == expected
    assert digests(shop, "warm") == expected
    assert digests(shop, "alone") == expected


@pytest.mark.parametrize("executor", POOLS)
def test_predictions_are_the_same_when_killed_and_taken_up_again(
    shop, capsys, executor
):
    call("slow.yaml", "--results", "one", "--cache", "a")
    expected = digests(shop, "one")
    again = ["slow.yaml", "--jobs", "1", "--results", "two", "--cache", "b"]
    again += ["--executor", executor]
    killed = started(shop, *again)
    assert wait_for(lambda: records(shop, "two"))
    killed.kill()
    killed.communicate(timeout=120)
    finished = records(shop, "two")

    call(*again)

    assert killed.returncode
    assert 0 < len(finished) < len(expected)
    assert digests(shop, "two") == expected


@pytest.mark.parametrize("executor", ["portable", "dask"])
def test_predictions_are_the_same_on_every_executor(shop, capsys, executor):
    if executor == "dask":
        pytest.importorskip("distributed")
    call("grid.yaml", "--results", "one", "--cache", "a")

    call("grid.yaml", "--results", "two", "--cache", "b", "--executor", executor)

    assert digests(shop, "two") == digests(shop, "one")


def family(run):
    """Return the processes that a run has started, workers and all."""
    try:
        return psutil.Process(run.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def wait_for_record(run, folder):
    """Wait until a run has written one, or has ended."""
    before = len(records(folder, "two"))
    wait_for(lambda: run.poll() is not None or len(records(folder, "two")) > before)


def learned(folder):
    """Return how often each model was fitted."""
    lines = (
        (folder / "log").read_text().splitlines() if (folder / "log").exists() else []
    )
    return [line for line in lines if line.startswith("model")]


def kill_in_the_middle(folder, moments, *words):
    """Start a run; kill it, or first one of its workers; nothing finished may suffer."""
    n_finished, n_learned = len(records(folder, "two")), len(learned(folder))
    run = started(folder, *words)
    wait_for_record(run, folder)
    time.sleep(moments.random() * 0.3)
    assert run.poll() is None, "it ended before it could be killed"
    processes = family(run)
    whole = records(folder, "two")
    files = [p for p in (folder / "two").rglob("*.npz") if p.parent.name in whole]

    victim = moments.choice([run, run, *processes])
    with contextlib.suppress(psutil.NoSuchProcess):
        victim.kill()
    if victim is not run:  # which goes on with other workers
        wait_for_record(run, folder)
        run.kill()
    run.communicate(timeout=60)

    assert have_ended(processes)
    assert records(folder, "two").keys() >= whole.keys()
    assert all(path.exists() for path in files)
    return len(learned(folder)) - n_learned, n_finished


@pytest.mark.parametrize("executor", POOLS)
def test_a_repeatedly_killed_run_loses_nothing_and_leaves_no_process(
    shop, capsys, executor
):
    amounts = [0.1 + number / 1000 for number in range(3 * KILLS)]
    text = HEAD + SLOW.replace("LOG", str(shop / "log"))
    (shop / "slow.yaml").write_text(text.replace("[0.1, 0.11, 0.12]", str(amounts)))
    call("slow.yaml", "--results", "one", "--cache", "a")
    expected = digests(shop, "one")
    (shop / "log").unlink()
    again = ["slow.yaml", "--jobs", "2", "--results", "two", "--cache", "b"]
    again += ["--executor", executor]
    moments = random.Random(1)

    for _ in range(KILLS):
        n_new, n_finished = kill_in_the_middle(shop, moments, *again)
        assert n_new <= len(expected) - n_finished
    scored = [one for one in records(shop, "two").values() if one["status"] == "ok"]
    n_learned = len(learned(shop))
    call(*again, "--rerun", "failed")

    assert digests(shop, "two") == expected
    # nothing again of what had scores; else every model once, but for those in flight
    assert len(learned(shop)) - n_learned <= len(expected) - len(scored)
    assert len(learned(shop)) <= len(expected) + 4 * KILLS


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="a terminal of POSIX is imitated")
@pytest.mark.parametrize("executor", POOLS)
def test_an_interrupt_from_the_keyboard_reaches_the_run_only(shop, capsys, executor):
    """Ctrl-C goes to the whole foreground group; workers have sessions of their own."""
    words = ["--results", "two", "--cache", "b", "--executor", executor]
    run = started(shop, "slow.yaml", *words)
    assert wait_for(lambda: records(shop, "two"))
    processes = family(run)

    os.killpg(run.pid, signal.SIGINT)

    _, error = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Stopped." in error
    assert "Traceback" not in error
    assert have_ended(processes)


def test_a_record_survives_the_loss_of_earlier_results_in_the_cache(shop, capsys):
    call("grid.yaml", "--results", "one", "--cache", "a")
    expected = digests(shop, "one")
    from rakuten_bench.store.result import Store

    store = Store(shop / "a" / "steps")
    for key in list(store.iter_keys()):
        if store.facts(key).lever not in ("model", ""):
            store.discard(key)
    fit_times = {code: r["fit_time"] for code, r in records(shop, "one").items()}

    call("grid.yaml", "--results", "one", "--cache", "a", "--rerun", "all")

    assert digests(shop, "one") == expected
    after = {code: r["fit_time"] for code, r in records(shop, "one").items()}
    assert after == pytest.approx(fit_times, abs=1e-4)
    shutil.rmtree(shop / "a")
