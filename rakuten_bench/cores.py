"""The number of cores available to this process."""

from __future__ import annotations


def count_cores() -> int:
    """Return the number of cores that this process may use, at least 1.

    CPU affinity, the CPU quota of a container (cgroups 1 and 2) and the environment
    variable ``LOKY_MAX_CPU_COUNT`` are respected (`joblib.cpu_count`): more threads
    than the quota allows would block each other.
    """
    from joblib import cpu_count  # imports NumPy

    return int(cpu_count())
