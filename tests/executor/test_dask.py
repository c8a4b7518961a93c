"""Runs on Dask: real scheduler and workers, with one folder for all or one each."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

distributed = pytest.importorskip("distributed")

from distributed import LocalCluster  # noqa: E402

import command_line  # noqa: E402
import rakuten_bench  # noqa: E402
from command_line import have_ended, wait_for  # noqa: E402
from rakuten_bench.engine import Settings, prepare  # noqa: E402
from rakuten_bench.errors import UserError  # noqa: E402
from rakuten_bench.executor.dask.client import (  # noqa: E402
    DaskExecutor,
    check_scheduler,
    start_cluster,
)
from rakuten_bench.executor.dask.worker import DaskWorkerPlugin, identity  # noqa: E402
from rakuten_bench.interface import progress as _progress  # noqa: E402
from rakuten_bench.scenario.load import load_study  # noqa: E402
from rakuten_bench.store.result import Store  # noqa: E402

DASK = Path(sys.executable).with_name("dask")
GRID = """
dataset: {table: {path: shop.csv, title: name, label: kind, language: language}}
defaults: {tokenizer: regex}
matrix:
  cleaner: {noted: {padding: [0, 1]}}
  vectorizer: [count, tfidf]
  model: [linear_svc, {odd: {how: pause, amount: [0.2, 0.3]}}]
"""


def start(*words, environment=None):
    return subprocess.Popen(
        [DASK, *map(str, words)],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def count_workers(address):
    with distributed.Client(address, set_as_default=False) as client:
        return len(client.scheduler_info(n_workers=-1)["workers"])


@pytest.fixture
def cluster(tmp_path):
    """Start a scheduler; return its address and a function that adds a worker."""
    file = tmp_path / "scheduler.json"
    started = [
        start("scheduler", "--port", 0, "--no-dashboard", "--scheduler-file", file)
    ]
    assert wait_for(lambda: file.exists() and file.read_text().endswith("}"))
    address = json.loads(file.read_text())["address"]

    def add(name, *, apart=True, nanny=False, **variables):
        n_before = count_workers(address)
        environment = {"RAKUTEN_BENCH_CACHE": str(tmp_path / name)} if apart else {}
        words = [
            "--nthreads",
            1,
            "--no-dashboard",
            "--local-directory",
            tmp_path / f"dask-{name}",
        ]
        kind = "--nanny" if nanny else "--no-nanny"
        started.append(
            start(
                "worker",
                "--scheduler-file",
                file,
                kind,
                *words,
                environment=environment | variables,
            )
        )
        assert wait_for(lambda: count_workers(address) > n_before)
        return started[-1]

    yield address, add
    for process in reversed(started):
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:  # a nanny may wait for a worker that is gone
            process.kill()
            process.wait()


def call(capsys, *words):
    return command_line.call(capsys, "run", "grid.yaml", *words)


def shorten(monkeypatch, name, seconds):
    """Shorten a waiting time: they are private, since no user has a reason to set one."""
    monkeypatch.setattr(f"rakuten_bench.executor.dask.client.{name}", seconds)


def digests(folder, results):
    found = [
        json.loads(p.read_text()) for p in folder.glob(f"{results}/shop/*/record.json")
    ]
    assert {record["status"] for record in found} == {"ok"}
    return {record["code"]: record["predictions_digest"] for record in found}


def levers(folder, cache):
    from rakuten_bench.store.inventory import take_inventory

    return {
        name
        for name, usage in take_inventory(folder / cache).levers.items()
        if usage.n_results
    }


@pytest.fixture
def grid(odd, capsys):
    """Run the grid on this machine; return the folder and what to find again."""
    (odd / "grid.yaml").write_text(GRID)
    code, _, _ = call(capsys, "--results", "local", "--cache", "alone", "--quiet")
    assert code == 0
    return odd, digests(odd, "local")


def test_two_workers_without_a_shared_disk_finish_the_grid(grid, cluster, capsys):
    folder, expected = grid
    address, add_worker = cluster
    add_worker("one")
    add_worker("two")

    code, _, error = call(capsys, "--scheduler", address, "--results", "far")

    assert code == 0, error
    assert digests(folder, "far") == expected
    assert levers(folder, "cache") == {"data", "model"}
    assert levers(folder, "one") | levers(folder, "two") >= {
        "cleaner",
        "vectorizer",
        "model",
    }


def test_a_worker_killed_in_the_middle_costs_only_its_steps(grid, cluster, capsys):
    folder, expected = grid
    address, add_worker = cluster
    victim = add_worker("one")
    add_worker("two")
    finished = []

    def kill_after_the_first_record():
        wait_for(lambda: list(folder.glob("far/shop/*/record.json")))
        victim.send_signal(signal.SIGKILL)
        finished.extend(folder.glob("far/shop/*/record.json"))

    killer = threading.Thread(target=kill_after_the_first_record)
    killer.start()
    code, _, error = call(capsys, "--scheduler", address, "--results", "far")
    killer.join()

    assert 0 < len(finished) < len(expected)
    assert victim.wait() == -signal.SIGKILL
    assert code == 0, error
    assert digests(folder, "far") == expected


def test_workers_that_see_the_cache_work_in_it(grid, cluster, capsys, monkeypatch):
    folder, expected = grid
    address, add_worker = cluster
    add_worker("one", apart=False)

    code, _, error = call(capsys, "--scheduler", address, "--results", "far")

    assert code == 0, error
    assert digests(folder, "far") == expected
    assert levers(folder, "cache") >= {
        "data",
        "cleaner",
        "tokenizer",
        "vectorizer",
        "model",
    }


@pytest.fixture
def gated(odd, capsys):
    """Run a grid on this machine and close its gate; return what `grid` does."""
    text = GRID.replace(
        "how: pause, amount", f"log: {odd}/log, gate: {odd}/gate, amount"
    )
    (odd / "grid.yaml").write_text(text)
    (odd / "gate").touch()
    code, _, _ = call(capsys, "--results", "local", "--cache", "alone", "--quiet")
    assert code == 0
    (odd / "gate").unlink()
    (odd / "log").unlink()
    return odd, digests(odd, "local")


@pytest.fixture
def other_source(tmp_path):
    """Return a folder with the package, one line of which is not as here."""
    package = Path(rakuten_bench.__file__).parent
    folder = tmp_path / "other"
    shutil.copytree(package, folder / package.name)
    with (folder / package.name / "metrics" / "__init__.py").open("a") as file:
        file.write("# newer\n")
    return str(folder)


@pytest.fixture
def while_a_step_waits(gated, cluster):
    """Return a function that starts another, to which the gate opens when it returns.

    The function gets a count of workers to wait for.
    """
    threads = []

    def start_beside(change):
        def run():
            wait_for((gated[0] / "log").exists)
            try:
                with distributed.Client(cluster[0], set_as_default=False) as client:
                    change(lambda n: wait_for(lambda: len(client.nthreads()) == n))
            finally:
                (gated[0] / "gate").touch()  # or the run would wait for ever

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield start_beside
    for thread in threads:
        thread.join()


def test_a_callback_that_blocks_those_of_dask_does_not_hold_a_run(
    grid, cluster, capsys
):
    folder, expected = grid
    address, add_worker = cluster
    add_worker("one")
    gate = threading.Event()

    with distributed.Client(address, set_as_default=False) as client:
        client.submit(int).add_done_callback(lambda _: gate.wait())
        try:
            code, _, error = call(capsys, "--scheduler", address, "--results", "far")
        finally:
            gate.set()

    assert code == 0, error
    assert digests(folder, "far") == expected


def forget_to_run(client, step):
    """Have Dask keep the first attempt at a step waiting forever."""

    class Forgetful(distributed.diagnostics.plugin.SchedulerPlugin):
        name = "forgetful"

        def update_graph(self, scheduler, *, tasks, **_):
            if step in tasks:
                task = scheduler.tasks[step]
                task.worker_restrictions, task.loose_restrictions = (
                    {"tcp://no:1"},
                    False,
                )

    client.register_plugin(Forgetful())


@pytest.mark.parametrize("apart", [False, True], ids=["shared", "apart"])
def test_steps_that_dask_leaves_waiting_are_submitted_again(
    grid, cluster, capsys, monkeypatch, apart
):
    shorten(monkeypatch, "_IDLE_TIMEOUT", 1)
    folder, expected = grid
    address, add_worker = cluster
    add_worker("one", apart=apart)
    prepared = prepare(
        load_study(folder / "grid.yaml"), Settings(folder / "far", folder / "cache")
    )
    step = next(
        key for key, one in prepared.plan.steps.items() if one.lever == "vectorizer"
    )

    with distributed.Client(address, set_as_default=False) as client:
        forget_to_run(client, step)
        code, _, error = call(capsys, "--scheduler", address, "--results", "far")

    assert code == 0, error
    assert digests(folder, "far") == expected


@pytest.mark.parametrize("apart", [False, True], ids=["shared", "apart"])
def test_a_late_worker_with_other_source_takes_no_part(
    gated, cluster, capsys, other_source, while_a_step_waits, apart
):
    """Not even where it is idle, and what the first one had is to be made again."""
    folder, expected = gated
    address, add_worker = cluster
    first = add_worker("one", apart=apart)
    counted = []

    def replace_the_first(wait_for_workers):
        add_worker("other", apart=apart, PYTHONPATH=other_source)
        add_worker("two", apart=apart)
        counted.append(wait_for_workers(3))
        first.kill()
        counted.append(wait_for_workers(2))

    while_a_step_waits(replace_the_first)
    code, _, error = call(capsys, "--scheduler", address, "--results", "far")

    assert counted == [True, True]
    assert code == 0, error
    assert digests(folder, "far") == expected


def test_a_run_reports_why_no_worker_is_left(
    gated, cluster, capsys, other_source, while_a_step_waits
):
    address, add_worker = cluster
    first = add_worker("one")

    def leave_only_another(wait_for_workers):
        add_worker("other", PYTHONPATH=other_source)
        wait_for_workers(2)
        first.kill()

    while_a_step_waits(leave_only_another)
    code, _, error = call(capsys, "--scheduler", address, "--results", "far")

    assert code == 2
    assert "no Dask worker can take part in the run: the Dask worker at tcp" in error
    assert "Install the same version on all machines" in error
    assert not list(gated[0].glob("cache/steps/pins/*"))


def test_a_cluster_on_this_machine_needs_no_address(grid, capsys):
    folder, expected = grid

    code, _, error = call(capsys, "--executor", "dask", "--results", "far")

    assert code == 0, error
    assert digests(folder, "far") == expected


def test_a_long_step_reports_how_far_it_is(odd, capsys, monkeypatch):
    text = GRID.partition("matrix:")[0]
    long = "scenarios: {long: {model: {odd: {how: tell, amount: 6}}}}"
    (odd / "grid.yaml").write_text(text + long)
    # a private constant, so that the test does not wait for half a minute
    monkeypatch.setattr(_progress, "_SECONDS_BETWEEN_LINES", 0.0)

    code, _, error = call(capsys, "--executor", "dask")

    assert code == 0, error
    assert re.search(r" left · model odd: half of 6 s$", error, re.MULTILINE)


def test_a_step_has_its_own_key_in_dask(grid, cluster, capsys):
    folder, _ = grid
    address, add_worker = cluster
    add_worker("one")
    seen = set()

    def look():
        with distributed.Client(address, set_as_default=False) as client:
            while not done.is_set():
                seen.update(map(str, client.who_has()))
                time.sleep(0.05)

    done = threading.Event()
    looker = threading.Thread(target=look)
    looker.start()
    try:
        code, _, error = call(capsys, "--scheduler", address, "--results", "far")
    finally:
        done.set()
        looker.join()

    assert code == 0, error
    settings = Settings(folder / "far", folder / "cache")
    prepared = prepare(load_study(folder / "grid.yaml"), settings)
    assert len(seen & set(prepared.plan.steps)) > len(prepared.plan.steps) / 2


def test_limits_and_crashes_are_the_same_there(odd, cluster, capsys):
    address, add_worker = cluster
    add_worker("one")
    (odd / "grid.yaml").write_text(
        GRID.partition("matrix:")[0]
        + """
scenarios:
  fine: {model: dummy}
  slow: {model: {odd: {how: sleep, amount: 60}}, limits: {time: 1s}}
  crash: {model: {odd: {how: segfault}}}
"""
    )

    code, _, _ = call(capsys, "--scheduler", address)

    found = [json.loads(p.read_text()) for p in odd.glob("results/shop/*/record.json")]
    assert code == 1
    assert {one["name"]: one["status"] for one in found} == {
        "fine": "ok",
        "slow": "timeout",
        "crash": "failed",
    }


@pytest.fixture
def claimed(odd, cluster, monkeypatch):
    """Claim a step where the only worker keeps its results, until it was asked for often.

    Return the step's key, and when it was handed in.
    """
    cluster[1]("one")
    text = GRID.partition("matrix:")[0]
    model = f"{{odd: {{log: {odd}/log, gate: {odd}/gate}}}}"
    (odd / "grid.yaml").write_text(f"{text}\nscenarios: {{one: {{model: {model}}}}}")
    settings = Settings(odd / "results", odd / "cache")
    steps = prepare(load_study(odd / "grid.yaml"), settings).plan.steps
    (key,) = (key for key, step in steps.items() if step.lever == "model")
    moments = []
    submit = DaskExecutor.submit

    def note_and_submit(executor, task):
        if task.step.key == key:
            moments.append(time.monotonic())
        return submit(executor, task)

    monkeypatch.setattr(DaskExecutor, "submit", note_and_submit)

    def hold():
        with Store(odd / "one" / "steps").claims.hold(key) as held:
            assert held
            ready.set()
            wait_for(lambda: len(moments) > 6)

    ready = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    assert ready.wait(60)
    yield key, moments
    holder.join()


def test_what_another_run_has_claimed_at_a_worker_is_asked_for_now_and_then(
    odd, cluster, capsys, claimed
):
    _, moments = claimed
    (odd / "gate").touch()

    code, _, error = call(capsys, "--scheduler", cluster[0])

    assert code == 0, error
    assert moments[6] - moments[0] > 2.0


def test_waiting_for_another_run_is_not_a_failure_of_dask(
    odd, cluster, capsys, claimed
):
    key, moments = claimed
    cancelled = []

    def claimed_in(client):  # between two attempts the step is on no worker
        names = map(str, chain(*client.processing().values()))
        return {name for name in names if name.startswith(key)}

    def cancel():
        wait_for((odd / "log").exists)
        n_before = len(moments)
        with distributed.Client(cluster[0], set_as_default=False) as client:
            assert wait_for(lambda: cancelled.extend(claimed_in(client)) or cancelled)
            futures = [distributed.Future(name, client) for name in cancelled]
            client.cancel(futures, force=True)
        wait_for(lambda: len(moments) > n_before)
        (odd / "gate").touch()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    code, _, error = call(capsys, "--scheduler", cluster[0])
    canceller.join()

    assert cancelled
    assert code == 0, error


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:9", "no.such.host.invalid:8786", "http://127.0.0.1", "::", "x:y"],
)
def test_a_scheduler_that_is_not_there_is_one_message(
    odd, capsys, monkeypatch, address
):
    shorten(monkeypatch, "_ANSWER_TIMEOUT", 1)
    (odd / "grid.yaml").write_text(GRID)

    code, _, error = call(capsys, "--scheduler", address)

    assert code == 2
    assert f"--scheduler {address}: no Dask scheduler answers" in error


def test_an_address_where_something_else_listens_is_one_message(monkeypatch):
    shorten(monkeypatch, "_ANSWER_TIMEOUT", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(UserError, match=f"{address}: no Dask scheduler answers"):
            check_scheduler(address)


def test_the_address_of_a_worker_is_not_taken_for_the_schedulers():
    with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster:
        check_scheduler(cluster.scheduler_address)
        address = cluster.workers[0].address

        with pytest.raises(UserError, match="this is the address of a Dask worker"):
            check_scheduler(address)


def test_a_scheduler_without_workers_is_one_message(odd, cluster, capsys, monkeypatch):
    shorten(monkeypatch, "_JOIN_TIMEOUT", 1)
    (odd / "grid.yaml").write_text(GRID)

    code, _, error = call(capsys, "--scheduler", cluster[0])

    assert code == 2
    assert f"the Dask cluster at {cluster[0]} has no worker: waiting for one." in error
    assert "the cluster has no worker. Start one: dask worker" in error


def test_a_run_without_remaining_workers_ends_with_a_message(
    odd, cluster, capsys, monkeypatch
):
    shorten(monkeypatch, "_NO_WORKER_TIMEOUT", 3)
    slow = GRID.replace("[0.2, 0.3]", "[600, 700]")
    (odd / "grid.yaml").write_text(slow)
    worker = cluster[1]("far", apart=False)
    ending = threading.Timer(0, lambda: end_when_busy(worker))
    ending.start()

    code, _, error = call(capsys, "--scheduler", cluster[0])

    ending.join()
    assert code == 2
    assert "has no worker: waiting for one." in error
    assert "all workers have left, and none has joined for 3.0 s." in error


def end_when_busy(worker):
    """Kill a worker once it has made processes for steps: they end with it."""
    busy = psutil.Process(worker.pid)
    assert wait_for(lambda: len(busy.children(recursive=True)) > 1, seconds=300)
    left = busy.children(recursive=True)
    worker.kill()
    assert have_ended(left)


def test_a_cluster_of_our_own_is_for_this_machine_only():
    cluster = start_cluster(1)
    try:
        listening = [
            one
            for one in psutil.Process().net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        ]

        assert cluster.scheduler_address.startswith("inproc://")
        assert {one.laddr.ip for one in listening} == {"127.0.0.1"}
        for one in listening:
            for page in ("/", "/status", "/health", "/info/main/workers.html"):
                web = http.client.HTTPConnection("127.0.0.1", one.laddr.port)
                web.request("GET", page)
                assert web.getresponse().status == 404
                web.close()
    finally:
        cluster.close()


def test_a_worker_with_other_versions_is_refused(tmp_path):
    wanted = identity(["numpy"]) | {"numpy": "0.1"}
    plugin = DaskWorkerPlugin("run", "", 1, (), {}, wanted)
    worker = SimpleNamespace(address="tcp://far:1", local_directory=tmp_path)

    with pytest.raises(
        UserError, match=r"tcp://far:1 has numpy .*, this machine has 0\.1"
    ):
        plugin.setup(worker)


def test_a_worker_that_does_not_see_the_shared_cache_is_refused(tmp_path):
    root, mark = str(tmp_path / "steps"), str(tmp_path / "steps" / "mark")
    plugin = DaskWorkerPlugin("run", root, 1, (), {}, identity([]), mark)
    worker = SimpleNamespace(address="tcp://far:1", local_directory=tmp_path)

    with pytest.raises(UserError, match=r"tcp://far:1 does not see .*steps"):
        plugin.setup(worker)
