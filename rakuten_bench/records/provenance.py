"""Provenance of a record: machine, versions, commit."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec

from rakuten_bench.cores import count_cores
from rakuten_bench.records.schema import Provenance


def collect_provenance(packages: Mapping[str, str], gpu: str = "") -> Provenance:
    """Describe this machine, this moment and the commit of the working folder.

    Parameters
    ----------
    packages : mapping of str to str
        Distribution -> version.
    gpu : str
        Name of the accelerator in use.
    """
    return msgspec.structs.replace(
        _surroundings(Path.cwd()),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        packages=dict(sorted(packages.items())),
        gpu=gpu,
    )


@cache
def _surroundings(folder: Path) -> Provenance:
    """Return the provenance that is constant during a run."""
    commit = _git(folder, "rev-parse", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return Provenance(
        created="",
        python=platform.python_version(),
        platform=platform.platform(),
        commit=commit,
        dirty=bool(changed),
        cpu=_cpu(),
        n_cores=count_cores(),
    )


def _git(folder: Path, *arguments: str) -> str:
    """Return the output of git; "" without git or repository."""
    try:
        answer = subprocess.run(
            ["git", "-C", folder, *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _cpu() -> str:
    """Return the processor's name, on Linux from `/proc/cpuinfo`."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
