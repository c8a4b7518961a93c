"""Cores: those that this process may use, not all of the machine."""

import os
import subprocess
import sys

import pytest

from rakuten_bench.cores import count_cores


def test_no_more_cores_are_counted_than_the_machine_has():
    assert 1 <= count_cores() <= (os.cpu_count() or 1)


def test_the_variable_of_joblib_limits_the_cores(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")

    assert count_cores() == 1


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system pins no process to cores"
)
def test_a_process_pinned_to_one_core_counts_one():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from rakuten_bench.cores import count_cores; print(count_cores())"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.strip() == "1", done.stderr
