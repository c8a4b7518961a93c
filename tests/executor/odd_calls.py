"""Calls that misbehave; the workers of a test import this file."""

import logging
import os
import signal
import subprocess
import sys
import time

from rakuten_bench.executor.worker import report_storing

SLEEP = "import time; time.sleep(600)"


def sleep_with_child(path, seconds):
    """Start a child that sleeps, write its number, and sleep too."""
    child = subprocess.Popen(
        [sys.executable, "-c", f"import time; time.sleep({seconds})"]
    )
    path.write_text(str(child.pid))
    time.sleep(seconds)


def sleep_with_runaway(path, seconds):
    """The child of a child, in a session of its own."""
    code = (
        "import os, sys, time\n"
        f"open({str(path)!r}, 'w').write(str(os.getpid()))\n"
        f"time.sleep({seconds})"
    )
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {code!r}])",
        ]
    )
    time.sleep(seconds)


def leave_daemon(path):
    """Start a process that is nobody's child, in a session of its own.

    Give the number of this process.
    """
    code = (
        "import subprocess, sys\n"
        f"one = subprocess.Popen([sys.executable, '-c', {SLEEP!r}],"
        " start_new_session=True)\n"
        f"open({str(path)!r}, 'w').write(str(one.pid))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    return os.getpid()


def sleep_with_all(folder, seconds):
    """A child, a child of a child, and a daemon; a file for each has its number."""
    leave_daemon(folder / "daemon")
    child = subprocess.Popen([sys.executable, "-c", SLEEP])
    (folder / "child").write_text(str(child.pid))
    (folder / "worker").write_text(str(os.getpid()))
    sleep_with_runaway(folder / "runaway", seconds)


def stop_parent():
    os.kill(os.getppid(), signal.SIGSTOP)
    return os.getppid()


def ones(megabytes):
    import numpy as np

    return float(np.ones(megabytes * 2**17).sum())


def numeric_threads():
    import cv2
    from threadpoolctl import threadpool_info

    counts = [library["num_threads"] for library in threadpool_info()]
    return max([*counts, cv2.getNumThreads(), int(os.environ["OMP_NUM_THREADS"])])


held = []


def hold(megabytes):
    """Keep memory beyond the end of the call."""
    import numpy as np

    held.append(np.ones(megabytes * 2**17))


def is_holding():
    return bool(held)


def tell_until(path):
    """Log a line, end when a file is there, and give the line back."""
    logging.getLogger("rakuten_bench.odd").info("%d of %d", 3, 7)
    while not path.exists():
        time.sleep(0.01)
    return "3 of 7"


def store_until(path, end):
    """Say that the result is only being written; end when a file is there."""
    report_storing()
    while not path.exists():
        time.sleep(0.01)
    return end()
