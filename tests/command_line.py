"""Calling the command in tests: in this process, or in a new one with the odd options."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pytest

from rakuten_bench.cli import main

ODD_OPTIONS = Path(__file__).with_name("odd_options.py")

#: The command with the options of a file: `python -c DRIVER options.py run grid.yaml`.
DRIVER = """
import sys
from rakuten_bench.executor.preload import load_file
load_file("odd_options", sys.argv.pop(1))
from rakuten_bench.cli import main
main()
"""


def enter(*words: Any) -> int:
    """Run the command; return its exit code."""
    with pytest.raises(SystemExit) as end:
        main([*map(str, words)])
    return end.value.code


def call(capsys: pytest.CaptureFixture[str], *words: Any) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it wrote to either stream."""
    capsys.readouterr()
    code = enter(*words)
    return code, *capsys.readouterr()


def odd_words(*words: Any, options: Path = ODD_OPTIONS, before: str = "") -> list[str]:
    """Return the arguments of a process that runs the command with the options of a file.

    Parameters
    ----------
    options : Path
        Defines the options that are called odd.
    before : str
        Code to run first.
    """
    return [sys.executable, "-c", before + DRIVER, *map(str, (options, *words))]


def wait_for(condition: Callable[[], Any], seconds: float = 120.0) -> Any:
    """Wait for a condition, with a timeout; return its last value.

    For an end that would come by itself, give less time than that takes.
    """
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def has_ended(process: psutil.Process) -> bool:
    """Return whether a process has ended; in a container it may stay a zombie."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def have_ended(processes: Iterable[psutil.Process], seconds: float = 120.0) -> bool:
    """Wait until processes have ended, with a timeout; return whether they have."""
    return bool(wait_for(lambda: all(map(has_ended, processes)), seconds))


_MOUNTING = ("unshare", "--user", "--map-root-user", "--mount")


def can_mount() -> bool:
    """Return whether a script may mount a small disk here."""
    known = shutil.which(_MOUNTING[0])
    return bool(known) and not subprocess.call([*_MOUNTING, "true"])


def run_mounting(script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount file systems; they are unmounted at its end."""
    return subprocess.run(
        [*_MOUNTING, "sh", "-c", script],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
