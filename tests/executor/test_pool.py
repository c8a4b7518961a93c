"""Worker processes: their results, and how they are stopped, of every executor."""

import ctypes
import math
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import pytest

from command_line import have_ended, wait_for
from pools import POOLS, PRELOAD, odd_calls, read_pid, start_runaways
from rakuten_bench.errors import UserError
from rakuten_bench.executor import find_backend
from rakuten_bench.executor.fault import Stopped
from rakuten_bench.executor.pooled import close_kept, keep_pool
from rakuten_bench.executor.portable.pool import PortablePool
from rakuten_bench.executor.preload import Preload, load_file
from rakuten_bench.executor.thread import limit_threads
from rakuten_bench.plan.source import own_digest
from rakuten_bench.scenario.limit import Limit

crashing = pytest.mark.skipif(
    sys.platform == "win32", reason="there a bad address is an exception of Python"
)


@pytest.fixture(scope="module", params=POOLS)
def kind(request):
    """Return the class of an executor's pool."""
    return find_backend(request.param).find_pool()


@pytest.fixture(scope="module")
def pool(kind):
    made = kind(2, preload=PRELOAD)
    yield made
    made.shutdown()


def test_a_call_runs_in_another_process_and_gives_its_result(pool):
    assert pool.submit(math.sqrt, 4).result() == 2.0
    assert pool.submit(os.getpid).result() != os.getpid()


def test_an_exception_comes_back_as_itself(pool):
    with pytest.raises(ValueError, match="invalid literal"):
        pool.submit(int, "x").result()


def test_two_calls_run_at_a_time(pool, tmp_path):
    waiting = pool.submit(odd_calls.tell_until, tmp_path / "end")

    pool.submit(Path.touch, tmp_path / "end").result(timeout=120)

    assert waiting.result(timeout=120)


def test_the_next_call_computes_while_one_writes_its_result(kind, tmp_path):
    pool = kind(1, preload=PRELOAD)

    writing = pool.submit(odd_calls.store_until, tmp_path / "end", os.getpid)
    other = pool.submit(os.getpid).result(timeout=30)
    waiting = pool.submit(odd_calls.store_until, tmp_path / "end", os.getpid)
    third = pool.submit(os.getpid)
    assert not wait_for(third.done, seconds=0.3)  # no process is left for it
    (tmp_path / "end").touch()

    assert writing.result() != other
    assert waiting.result() == other
    third.result(timeout=30)
    pool.shutdown()


def test_logs_of_a_call_are_visible_while_it_runs(pool, tmp_path):
    future = pool.submit(odd_calls.tell_until, tmp_path / "end")

    assert wait_for(lambda: future.report == "3 of 7")
    assert not future.done()
    (tmp_path / "end").touch()
    assert future.result() == future.report


def test_a_call_has_a_start_time(pool, tmp_path):
    before = time.monotonic()
    n_workers = pool.n_workers
    futures = [
        pool.submit(odd_calls.tell_until, tmp_path / "end")
        for _ in range(n_workers + 1)
    ]

    assert wait_for(lambda: all(one.report for one in futures[:n_workers]))
    assert all(before < one.started < time.monotonic() for one in futures[:n_workers])
    assert futures[-1].started == math.inf
    (tmp_path / "end").touch()
    futures[-1].result()
    assert futures[-1].started < time.monotonic()


def test_only_so_many_calls_compute_at_a_time(kind, tmp_path):
    pool = kind(1, preload=PRELOAD)

    first = pool.submit(time.sleep, 0.5)
    second = pool.submit(math.sqrt, 4)

    assert second.result() == 2.0
    assert first.done()
    pool.shutdown()


@crashing
@pytest.mark.parametrize("code", [0, 3], ids=["crash", "exit"])
def test_a_call_that_dies_while_it_writes_is_a_failure(pool, tmp_path, code):
    (tmp_path / "end").touch()
    end = partial(os._exit, code) if code else partial(ctypes.string_at, 0)

    with pytest.raises(Stopped, match="exited with code 3" if code else "SIGSEGV"):
        pool.submit(odd_calls.store_until, tmp_path / "end", end).result()


def test_a_call_over_its_time_is_stopped_with_its_children(pool, tmp_path):
    limit = Limit(time=1.0)
    future = pool.submit_limited(
        limit, odd_calls.sleep_with_child, tmp_path / "pid", 60
    )
    child = read_pid(tmp_path / "pid")

    with pytest.raises(Stopped, match=r"over its time limit of 1\.0 s") as stop:
        future.result()

    assert stop.value.status == "timeout"
    assert wait_for(lambda: not psutil.pid_exists(child), seconds=30)


def test_the_child_of_a_child_is_ended_too(pool, tmp_path):
    limit = Limit(time=2.0)
    future = pool.submit_limited(
        limit, odd_calls.sleep_with_runaway, tmp_path / "pid", 60
    )
    grandchild = read_pid(tmp_path / "pid")

    with pytest.raises(Stopped):
        future.result()

    assert wait_for(lambda: not psutil.pid_exists(grandchild), seconds=30)


def test_a_call_over_its_memory_limit_is_stopped_and_reports_its_memory(pool):
    limit = Limit(memory=400_000_000)

    with pytest.raises(Stopped, match="over its memory limit of 400 MB") as stop:
        pool.submit_limited(limit, odd_calls.ones, 3000).result()

    assert stop.value.status == "oom"


def test_a_memory_limit_that_can_not_be_enforced_is_reported(monkeypatch, tmp_path):
    def refuse(self):
        raise psutil.AccessDenied(self.pid)

    def open_but_status(file, *words, **more):
        if str(file).startswith("/proc/") and str(file).endswith("/status"):
            raise PermissionError(file)
        return opened(file, *words, **more)

    opened = open
    monkeypatch.setattr("builtins.open", open_but_status)
    monkeypatch.setattr(psutil.Process, "memory_info", refuse)
    with PortablePool(1, preload=PRELOAD) as pool:
        limit = Limit(memory=400_000_000)
        call = pool.submit_limited(limit, odd_calls.tell_until, tmp_path / "end")

        assert wait_for(lambda: "memory limits are not enforced" in pool.notice)

        (tmp_path / "end").touch()
        call.result(timeout=120)


def test_a_call_within_its_limits_is_left_alone(pool):
    limit = Limit(time=30, memory=600_000_000)

    assert pool.submit_limited(limit, odd_calls.ones, 10).result() == 10 * 2**17


@crashing
def test_a_crash_is_a_failure_of_that_call_with_the_signal_and_the_stack(pool):
    with pytest.raises(Stopped, match="SIGSEGV") as stop:
        pool.submit(ctypes.string_at, 0).result()

    assert (stop.value.status, stop.value.type) == ("failed", "SIGSEGV")
    assert "string_at" in stop.value.output
    assert "Extension modules" not in stop.value.output


def test_an_exit_is_a_failure_with_its_code(pool):
    with pytest.raises(Stopped, match="exited with code 3"):
        pool.submit(os._exit, 3).result()


def test_the_reason_of_a_stopped_call_can_be_pickled():
    stop = Stopped("oom", "MemoryLimit", "over its limit", "its last words")
    stop.seconds, stop.memory = 2.5, 70

    found = pickle.loads(pickle.dumps(stop))

    assert (found.status, found.type, str(found), found.output) == (
        "oom", "MemoryLimit", "over its limit", "its last words",
    )  # fmt: skip
    assert (found.seconds, found.memory) == (2.5, 70)


def test_the_next_call_has_a_fresh_worker(pool):
    with pytest.raises(Stopped):
        pool.submit(os._exit, 1).result()

    assert pool.submit(math.sqrt, 9).result() == 3.0


def test_others_go_on_while_one_is_stopped(pool):
    limit = Limit(time=0.3)
    slow = pool.submit_limited(limit, time.sleep, 60)

    quick = [pool.submit(math.sqrt, number**2).result() for number in range(20)]

    assert quick == list(range(20))
    with pytest.raises(Stopped):
        slow.result()


def test_a_worker_that_still_holds_much_is_replaced(pool):
    for _ in range(4):
        pool.submit(odd_calls.hold, 1200).result()

    assert not pool.submit(odd_calls.is_holding).result()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_number_of_numeric_threads_is_as_set(kind, n_threads):
    with kind(1, n_threads=n_threads, preload=PRELOAD) as pool:
        assert pool.submit(odd_calls.numeric_threads).result() == n_threads


def test_threads_are_limited_in_libraries_that_are_loaded_already():
    import cv2

    limit_threads(1)

    assert cv2.getNumThreads() == 1


def test_a_shutdown_fails_pending_calls(kind, tmp_path):
    pool = kind(1, preload=PRELOAD)
    running = pool.submit(odd_calls.sleep_with_child, tmp_path / "pid", 60)
    queued = pool.submit(math.sqrt, 1)
    read_pid(tmp_path / "pid")

    pool.shutdown()

    assert queued.cancelled()
    with pytest.raises(Stopped, match="the run ended"):
        running.result(timeout=1)


OWNER = """
import sys, time
from rakuten_bench.executor import find_backend
pool = find_backend(sys.argv[1]).find_pool()(2)
pool.submit(exec, "import subprocess, sys; "
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    f"open({sys.argv[2]!r}, 'w').write(str(p.pid)); import time; time.sleep(60)")
time.sleep(60)
"""


@pytest.mark.parametrize("name", POOLS)
def test_workers_end_when_their_owner_is_killed(tmp_path, name):
    owner = subprocess.Popen([sys.executable, "-c", OWNER, name, str(tmp_path / "pid")])
    child = psutil.Process(read_pid(tmp_path / "pid"))
    workers = psutil.Process(owner.pid).children(recursive=True)

    owner.kill()
    owner.wait()

    assert child in workers
    assert have_ended(workers, seconds=30)


def test_no_process_is_left_after_a_worker_is_killed(kind, tmp_path):
    with kind(1, preload=PRELOAD) as pool:
        future, worker, others = start_runaways(pool, tmp_path)

        worker.kill()

        with pytest.raises(Stopped, match=r"process (killed|ended) by"):
            future.result(timeout=120)
        assert have_ended([worker, *others])
        assert pool.submit(math.sqrt, 16).result(timeout=120) == 4.0


def test_no_process_is_left_after_a_shutdown(kind, tmp_path):
    pool = kind(2, preload=PRELOAD)
    pool.submit(odd_calls.sleep_with_child, tmp_path / "pid", 60)
    child = psutil.Process(read_pid(tmp_path / "pid"))
    workers = psutil.Process().children(recursive=True)

    pool.shutdown()

    assert child in workers
    assert not pool.notice
    assert have_ended([child], seconds=30)
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(math.sqrt, 1)


def test_a_daemon_that_a_call_has_left_ends_with_its_worker(kind, tmp_path):
    with kind(1, preload=PRELOAD) as pool:
        leaving = pool.submit(odd_calls.leave_daemon, tmp_path / "pid")
        worker = psutil.Process(leaving.result(timeout=120))
        daemon = psutil.Process(read_pid(tmp_path / "pid"))
        assert not have_ended([daemon], seconds=0)

        worker.kill()

        assert have_ended([daemon])


def test_many_threads_may_submit_at_once(pool):
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(
            lambda n: pool.submit(math.sqrt, n * n).result(), range(100)
        )

        assert list(found) == list(range(100))


def test_workers_are_kept_for_the_next_run_until_source_is_written(kind, tmp_path):
    """Also where the file was written after this program was started."""
    file = tmp_path / "late_calls.py"
    file.write_text("answer = 42")
    load_file("late_calls", str(file))
    preload = Preload(
        names=(), files=(("late_calls", str(file)),),
        sources={"late_calls": own_digest("late_calls")},
    )  # fmt: skip

    first = keep_pool(kind, 1, 1, preload)
    second = keep_pool(kind, 1, 1, preload)
    os.utime(file, (time.time() + 5, time.time() + 5))
    third = keep_pool(kind, 1, 1, preload)

    assert second is first
    assert third is not first
    assert first.is_closed
    assert third.submit(math.sqrt, 4).result(timeout=120) == 2.0
    close_kept()


def test_a_pool_whose_workers_can_not_start_gives_up(kind, monkeypatch, tmp_path):
    """An interpreter that is gone, or that can't import this package."""
    (tmp_path / "rakuten_bench.py").write_text("raise SystemExit(7)")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    pool = kind(1, preload=PRELOAD)

    with pytest.raises(UserError, match="no worker process could be started"):
        pool.submit(math.sqrt, 4).result(timeout=120)
