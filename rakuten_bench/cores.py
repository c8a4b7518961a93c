"""How many cores this process may use."""

from __future__ import annotations


def count_cores() -> int:
    """Return the number of cores that this process may use, at least 1.

    CPU affinity, the CPU quota of a container (cgroups 1 and 2) and the environment
    variable ``LOKY_MAX_CPU_COUNT`` count: with more threads than a quota allows, each
    waits for the others (`joblib.cpu_count`).
    """
    from joblib import cpu_count  # imports NumPy

    return int(cpu_count())
