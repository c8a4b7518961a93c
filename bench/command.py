"""Run the command in a fork of a process that has already imported its modules.

Imports take most of a short command's time; a benchmark with thousands of calls saves
it. Nothing else is shared: each call starts like a new process.
"""

import importlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_MODULES = (
    "matplotlib.backends.backend_agg", "msgspec.json", "pandas", "scipy.sparse",
    "sklearn.pipeline", "yaml",
    *(f"rakuten_bench.{name}" for name in ("gate", "engine", "deploy", "report.page")),
    *(
        f"rakuten_bench.cli.{name}"
        for name in ("cache", "check", "compare", "explain", "export", "merge", "plan")
    ),
    *(f"rakuten_bench.cli.{name}" for name in ("report", "run", "show", "why")),
)  # fmt: skip
_POLL_INTERVAL = 0.01  # seconds


def import_all() -> None:
    """Import the modules of all commands; call it before any thread is started."""
    for name in _MODULES:
        importlib.import_module(name)


@dataclass(frozen=True)
class Answer:
    """The output of a command and its exit code, or the negative number of a signal."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


class Command:
    """A running command.

    Parameters
    ----------
    folder : Path
        Working directory.
    arguments : sequence of str
        Command-line arguments.
    """

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        self._out = tempfile.TemporaryFile()  # noqa: SIM115  closed when it is read
        self._err = tempfile.TemporaryFile()  # noqa: SIM115
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                _become(folder, (self._out, self._err))
                _enter(arguments)
            finally:
                os._exit(99)
        self._answer: Answer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def poll(self) -> Answer | None:
        """Return the answer, or None while the command runs."""
        if self._answer is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._answer = Answer(code, _text(self._out), _text(self._err))
        return self._answer

    def wait(self, seconds: float = 600.0) -> Answer:
        """Wait for the answer; kill the command after a timeout."""
        due = time.monotonic() + seconds
        while (answer := self.poll()) is None:
            if time.monotonic() > due:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(_POLL_INTERVAL)
        return answer

    def kill(self) -> None:
        """Kill the command if it still runs."""
        if self._answer is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait()


def call(folder: Path, *arguments: str, seconds: float = 600.0) -> Answer:
    """Run a command in a folder and return its answer."""
    return Command(folder, arguments).wait(seconds)


def _become(folder: Path, files: tuple[IO[bytes], IO[bytes]]) -> None:
    """Set the working directory and the standard streams of a fork."""
    os.chdir(folder)
    empty = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((empty, *(file.fileno() for file in files))):
        os.dup2(file, number)
    for name, number in (("stdout", 1), ("stderr", 2)):
        setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))


def _enter(arguments: Sequence[str]) -> None:
    from rakuten_bench.cli import main
    from rakuten_bench.executor.pooled import close_kept

    code = 1
    try:
        main([*arguments])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        close_kept()  # as at exit; other exit functions belong to the benchmark
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
    os._exit(code)


def _text(file: IO[bytes]) -> str:
    with file:
        file.seek(0)
        return file.read().decode(errors="replace")
