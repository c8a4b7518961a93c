"""Memory of steps is measured for every method of allocation."""

import mmap
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from command_line import wait_for
from pools import POOLS
from rakuten_bench.executor import find_backend
from rakuten_bench.executor.fault import Stopped
from rakuten_bench.executor.memory import TreeMemory, tree_memory
from rakuten_bench.executor.portable.pool import PortablePool
from rakuten_bench.executor.preload import Preload, load_file
from rakuten_bench.scenario.limit import Limit

HOG = ("memory_hog", str(Path(__file__).with_name("memory_hog.py")))
load_file(*HOG)
memory_hog = sys.modules["memory_hog"]
MEGABYTE = 1 << 20

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells")


@pytest.fixture(scope="module", params=POOLS)
def pool(request):
    kind = find_backend(request.param).find_pool()
    made = kind(1, preload=Preload(names=("numpy",), files=(HOG,)))
    yield made
    made.shutdown()


@linux
@pytest.mark.slow
@pytest.mark.parametrize("way", memory_hog.WAYS)
def test_a_call_is_stopped_however_it_takes_memory(pool, tmp_path, way):
    if way == "a daemon" and isinstance(pool, PortablePool):
        pytest.skip("it has no parent, and clears its environment: not to be found")
    path = tmp_path / "who"
    limit = Limit(memory=250 * MEGABYTE, time=300)

    with pytest.raises(Stopped, match="over its memory limit of 262 MB"):
        pool.submit_limited(limit, memory_hog.take, way, 700, path).result()

    holder = path.read_text()
    if holder.isdecimal():
        assert wait_for(lambda: not psutil.pid_exists(int(holder)), seconds=60)
    elif Path(holder).is_dir():
        shutil.rmtree(holder)
    else:
        Path(holder).unlink()


@linux
def test_memory_that_processes_share_counts_once():
    code = (
        "import mmap, os, sys, time\n"
        "memory = mmap.mmap(-1, 200 << 20)\n"
        "memory.write(b'x' * (200 << 20))\n"
        "own = b'y' * (200 << 20)\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        memory[:] == own[:1], own.count(b'z'), memory.find(b'z')\n"
        "        print('.', end='', flush=True)\n"
        "        time.sleep(600)\n"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as one:
        held = TreeMemory(one.pid)
        assert one.stdout.read(3) == b"..."

        total = held.measure()
        plain = tree_memory(one.pid)

        for child in psutil.Process(one.pid).children():
            child.kill()
        one.kill()
    assert plain > 1500 * MEGABYTE
    assert 350 * MEGABYTE < total < 700 * MEGABYTE


@linux
def test_files_that_were_in_memory_before_do_not_count(tmp_path):
    path = Path("/dev/shm") / f"rakuten-bench-{tmp_path.parent.name}-{os.getpid()}"
    path.write_bytes(bytes(100 * MEGABYTE))
    os.utime(path, (1, 1))
    time.sleep(1.5)  # its time of change can't be set back
    held = TreeMemory(os.getpid())
    before = held.measure()

    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as it,
    ):
        assert it.find(b"x") == -1
        after = held.measure()
    path.unlink()

    assert after - before < 50 * MEGABYTE


def test_a_process_that_is_gone_holds_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()

    assert TreeMemory(gone.pid).measure() == 0
