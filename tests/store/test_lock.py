"""Locks on files: one holder at a time, and none left when that is killed."""

import importlib
import subprocess
import sys
import threading

import pytest

from rakuten_bench.store import lock as locks
from rakuten_bench.store.pin import Pin, read_pins

HOLDER = """
import sys, time
from importlib import import_module
from pathlib import Path
held = import_module(sys.argv[1]).try_lock(Path(sys.argv[2]))
print("locked" if held else "refused", flush=True)
time.sleep(600)
"""


@pytest.fixture(params=["windows", "flock"])
def kind(request):
    """Return the module of a kind of lock."""
    name = f"rakuten_bench.store.lock.{request.param}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        pytest.skip(f"not on this system: {error}")


@pytest.fixture
def start(kind):
    """Return a function that starts a process which locks a file, and its answer."""
    started = []

    def start_holder(path):
        command = [sys.executable, "-c", HOLDER, kind.__name__, str(path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start_holder
    for process in started:
        process.kill()
        process.communicate()


def test_a_lock_has_one_holder_among_threads_and_processes(kind, start, tmp_path):
    path = tmp_path / "locks" / "key"
    release = kind.try_lock(path)

    assert kind.try_lock(path) is None
    assert start(path)[1] == "refused"
    release()
    assert list(path.parent.iterdir()) == []
    assert start(path)[1] == "locked"
    assert kind.try_lock(path) is None


def test_a_lock_ends_with_its_process(kind, start, tmp_path):
    path = tmp_path / "key"
    process, answer = start(path)

    process.kill()
    process.wait()

    assert answer == "locked"
    release = kind.try_lock(path)
    assert release
    release()


def test_a_lock_file_may_be_left(kind, tmp_path):
    path = tmp_path / "evict.lock"

    kind.try_lock(path, keep=True)()

    assert path.exists() or sys.platform == "win32"
    kind.try_lock(path, keep=True)()


def test_who_waits_for_a_lock_gets_it_when_it_is_released(kind, monkeypatch, tmp_path):
    monkeypatch.setattr(locks, "try_lock", kind.try_lock)
    path = tmp_path / "key"
    release = kind.try_lock(path)
    got = []
    waiting = threading.Thread(target=lambda: got.append(locks.lock(path)))
    waiting.start()

    waiting.join(0.2)
    assert got == []
    release()
    waiting.join(60)

    got[0]()
    assert not path.exists()


def test_pins_can_be_read_while_they_are_locked(kind, monkeypatch, tmp_path):
    """Windows lets no other process read a locked file."""
    monkeypatch.setattr("rakuten_bench.store.pin.try_lock", kind.try_lock)
    monkeypatch.setattr(locks, "try_lock", kind.try_lock)
    pin = Pin(tmp_path)
    pin.write(["b", "a"])

    held = read_pins(tmp_path)
    pin.close()

    assert held == {"a", "b"}
    assert read_pins(tmp_path) == set()
    assert list((tmp_path / "pins").iterdir()) == []
