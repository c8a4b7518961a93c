"""Process pools and misbehaving calls, which several test modules share."""

import sys
from pathlib import Path

import psutil

from command_line import wait_for
from rakuten_bench.executor import DEFAULT
from rakuten_bench.executor.preload import Preload, load_file

#: The executors that run steps in a pool on this system.
POOLS = sorted({DEFAULT, "portable"})

CALLS = ("odd_calls", str(Path(__file__).parent / "executor" / "odd_calls.py"))
load_file(*CALLS)
odd_calls = sys.modules["odd_calls"]
PRELOAD = Preload(names=("numpy",), files=(CALLS,))


def read_pid(path):
    assert wait_for(lambda: path.exists() and path.read_text())
    return int(path.read_text())


def start_runaways(pool, folder):
    """Return a call that sleeps, its worker, and what this has started in three ways."""
    future = pool.submit(odd_calls.sleep_with_all, folder, 600)
    worker, *others = [
        psutil.Process(read_pid(folder / name))
        for name in ("worker", "child", "runaway", "daemon")
    ]
    return future, worker, others
