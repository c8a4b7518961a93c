"""The fork server of the local executor, its guard, and signals that they receive."""

import math
import os
import time

import psutil
import pytest

from command_line import have_ended, wait_for
from pools import PRELOAD, odd_calls, read_pid, start_runaways
from rakuten_bench.executor import DEFAULT
from rakuten_bench.executor.fault import Stopped
from rakuten_bench.executor.preload import Preload

if DEFAULT != "local":
    pytest.skip("this system does not fork", allow_module_level=True)

from rakuten_bench.executor.local.fork_server import REQUEST
from rakuten_bench.executor.local.pool import LocalPool
from rakuten_bench.executor.local.server_process import ServerProcess


@pytest.fixture(scope="module")
def pool():
    made = LocalPool(2, preload=PRELOAD)
    yield made
    made.shutdown()


def find_server(pool):
    """Return the guard of a pool's fork server, and the fork server."""
    server = psutil.Process(pool.submit(os.getppid).result(timeout=120))
    return server.parent(), server


def test_a_fork_server_ends_whatever_a_package_left_running(tmp_path):
    """A thread that is no daemon keeps an interpreter from its end."""
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()"
    (tmp_path / "busy.py").write_text(source)
    preload = Preload(files=(("busy", str(tmp_path / "busy.py")),))
    server = ServerProcess(n_threads=1, preload=preload)
    connection, output = server.start_worker(7)
    with connection, output:
        assert server.read_events([server.control])[0]["worker"] == 7

        server.close()

    assert server.returncode == 0, "it had to be killed"


def test_a_pool_survives_the_death_of_its_fork_server(pool):
    guard, _ = find_server(pool)
    future = pool.submit(time.sleep, 60)
    assert wait_for(lambda: future.running())

    guard.kill()

    with pytest.raises(Stopped, match="SIGKILL"):
        future.result(timeout=60)
    assert pool.submit(math.sqrt, 16).result(timeout=60) == 4.0


def kill_guard_and_server(guard, server, worker):
    guard.suspend()  # it must not come to act
    server.kill()
    guard.kill()


KILLS = {
    "worker": lambda guard, server, worker: worker.kill(),
    "fork server": lambda guard, server, worker: server.kill(),
    "guard": lambda guard, server, worker: guard.kill(),
    "guard and fork server": kill_guard_and_server,
    "guard, kindly": lambda guard, server, worker: guard.terminate(),
    "fork server, kindly": lambda guard, server, worker: server.terminate(),
}


@pytest.mark.parametrize("kill", KILLS.values(), ids=KILLS)
def test_no_process_is_left_whoever_is_killed(tmp_path, kill):
    with LocalPool(1, preload=PRELOAD) as pool:
        guard_and_server = find_server(pool)
        future, worker, others = start_runaways(pool, tmp_path)

        kill(*guard_and_server, worker)

        with pytest.raises(Stopped, match="SIGKILL"):
            future.result(timeout=120)
        assert have_ended([worker, *others])
        assert pool.submit(math.sqrt, 16).result(timeout=120) == 4.0


def test_a_fork_server_that_a_call_has_stopped_continues(tmp_path):
    with LocalPool(1, preload=PRELOAD) as pool:
        server = pool.submit(odd_calls.stop_parent).result(timeout=120)

        with pytest.raises(
            Stopped, match="exited with code 3"
        ):  # which the fork server tells
            pool.submit(os._exit, 3).result(timeout=120)

        assert server == find_server(pool)[1].pid


def test_a_stopped_fork_server_is_reported_while_it_is(tmp_path):
    with LocalPool(1, preload=PRELOAD) as pool:
        pool.submit(odd_calls.stop_parent).result(timeout=120)

        assert wait_for(lambda: "starts workers was stopped" in pool.notice)
        assert wait_for(lambda: not pool.notice)


def test_a_stopped_worker_is_reported_with_its_number_until_it_goes_on(pool, tmp_path):
    call = pool.submit(odd_calls.sleep_with_child, tmp_path / "pid", 2)
    worker = psutil.Process(read_pid(tmp_path / "pid")).parent()
    worker.suspend()

    assert wait_for(lambda: f"kill -CONT {worker.pid}" in pool.notice)

    worker.resume()
    assert wait_for(lambda: not pool.notice)
    call.result(timeout=120)


def test_a_pool_whose_guard_was_stopped_ends_all_the_same(tmp_path):
    pool = LocalPool(1, preload=PRELOAD)
    guard, _ = find_server(pool)
    _, worker, others = start_runaways(pool, tmp_path)
    guard.suspend()

    pool.shutdown()

    assert have_ended([worker, *others])


def test_a_request_has_a_fixed_size():
    assert REQUEST.unpack(REQUEST.pack(b"+", 7)) == (b"+", 7)


def test_the_fork_server_and_its_guard_end_with_a_shutdown():
    pool = LocalPool(1, preload=PRELOAD)
    server = find_server(pool)

    pool.shutdown()

    assert have_ended(server, seconds=30)
