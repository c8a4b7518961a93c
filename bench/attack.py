"""Fault injection: processes killed at random, and unusual ways to allocate memory.

The processes of a run (a worker, the command itself, of the local executor also the fork
server and its guard) are killed one after the other while steps with children and
daemons are running; a killed command is restarted. Afterwards every scenario must have scores and the same predictions
as in an undisturbed run, and no process may remain. Then every method of
`tests/executor/memory_hog.py` allocates memory under a limit and must be stopped.

Prints the counts; exits with 1 if a count of faults is not 0.

    python bench/attack.py [--executor local] [--kills 12] [--seed 0] [--megabytes 700]
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from rakuten_bench.executor import find_backend
from rakuten_bench.executor.fault import Stopped
from rakuten_bench.executor.preload import Preload, load_file
from rakuten_bench.scenario.limit import Limit

TESTS = Path(__file__).resolve().parents[1] / "tests"
OPTIONS, HOG = TESTS / "odd_options.py", TESTS / "executor" / "memory_hog.py"
MARK = "RAKUTEN_BENCH_ATTACK"
LONGEST = 600.0  # seconds
LONGEST_END = 60.0  # seconds until no process is left
#: The chain of processes from the command to a worker, by executor.
CHAINS = {
    "local": ("command", "guard", "fork server", "worker"),
    "portable": ("command", "worker"),
}
#: Methods whose process is neither below its worker nor has its environment.
HIDDEN = {"local": (), "portable": ("a daemon",)}
DRIVER = """
import sys
from rakuten_bench.executor.preload import load_file
load_file("odd_options", sys.argv.pop(1))
from rakuten_bench.cli import main
main()
"""
GRID = """
dataset: {table: {path: shop.csv, title: name, label: kind}}
matrix:
  vectorizer: [count, tfidf]
  fields: [merged]
  model: [linear_svc, {odd: {how: sleep, amount: [0.4, 0.5, 0.6]}}]
"""
WORDS = ("red shoe", "blue shoe", "green shirt", "grey shirt", "old book", "new book")


class Attack:
    """Runs of one grid in a folder, and the counts of their outcomes."""

    def __init__(self, folder: Path, seed: int, executor: str) -> None:
        self.folder = folder
        self.executor = executor
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self._write()
        self.expected = self._read(self._run_alone())

    def _write(self) -> None:
        rows = [
            f"{i},{WORDS[i % 6]} {self.random.random():.2f},{i % 6 // 2}"
            for i in range(120)
        ]
        (self.folder / "shop.csv").write_text("\n".join(["id,name,kind", *rows]) + "\n")
        (self.folder / "grid.yaml").write_text(GRID)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        arguments = ["run", "grid.yaml", "--results", f"{name}/results", "--quiet"]
        arguments += ["--cache", f"{name}/cache", "--jobs", "2"]
        arguments += ["--executor", self.executor]
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(OPTIONS), *arguments],
            cwd=self.folder,
            env={**os.environ, MARK: str(self.folder)},
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "stderr").open("ab"),
        )

    def _run_alone(self) -> Path:
        start = time.monotonic()
        if self._start("alone").wait(LONGEST):
            raise SystemExit((self.folder / "stderr").read_text())
        self.seconds = time.monotonic() - start
        return self.folder / "alone"

    def kill(self, role: str, number: int) -> None:
        """Kill one process of a run at a random moment, and check the outcome."""
        name = f"run{number}"
        run = self._start(name)
        victim = self._find(role, run)
        time.sleep(self.random.uniform(0, self.seconds / 3))
        with suppress(psutil.Error):
            victim = self._find(role, run) or victim
            if victim and victim.is_running():
                victim.send_signal(signal.SIGKILL)
                self.counts[f"{role} killed"] += 1
        run.wait(LONGEST)
        self.counts["processes left"] += self._count_left()
        if role == "command":
            self._start(name).wait(LONGEST)
        self._check(self.folder / name)

    def _find(self, role: str, run: subprocess.Popen[bytes]) -> psutil.Process | None:
        """Wait for a process of a run and return it; None if the run has ended."""
        depth = CHAINS[self.executor].index(role)
        while run.poll() is None:
            with suppress(psutil.Error, IndexError):
                process = psutil.Process(run.pid)
                for _ in range(depth):
                    process = self.random.choice(process.children())
                return process
            time.sleep(0.05)
        return None

    def _count_left(self) -> int:
        """Return the number of processes that outlive their run."""
        due = time.monotonic() + LONGEST_END
        while (left := len(list(self._iter_left()))) and time.monotonic() < due:
            time.sleep(0.1)
        return left

    def _iter_left(self) -> Iterator[int]:
        wanted = f"{MARK}={self.folder}".encode()
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if wanted in path.read_bytes().split(b"\0"):
                    yield int(path.parent.name)

    def _check(self, folder: Path) -> None:
        records = self._read(folder)
        self.counts["runs"] += 1
        self.counts["scenarios"] += len(records)
        self.counts["scenarios missing"] += len(self.expected.keys() - records.keys())
        for code, (status, digest) in records.items():
            self.counts["scenarios failed"] += status != "ok"
            is_other = status == "ok" and digest != self.expected[code][1]
            self.counts["different predictions"] += is_other
        shutil.rmtree(folder, ignore_errors=True)

    def _read(self, folder: Path) -> dict[str, tuple[str, str]]:
        files = folder.glob("*/*/*/record.json")
        records = map(json.loads, map(Path.read_bytes, files))
        return {
            record["code"]: (record["status"], record.get("predictions_digest", ""))
            for record in records
        }


def take_memory(executor: str, megabytes: int, counts: Counter[str]) -> None:
    """Allocate memory by every method, under a limit of about a third of it."""
    load_file("memory_hog", str(HOG))
    hog = sys.modules["memory_hog"]
    limit = Limit(memory=megabytes * 350_000, time=120)
    files = (("memory_hog", str(HOG)),)
    with tempfile.TemporaryDirectory() as folder:
        kind = find_backend(executor).find_pool()
        pool = kind(1, preload=Preload(names=("numpy",), files=files))
        with pool:
            for number, way in enumerate(
                w for w in hog.WAYS if w not in HIDDEN[executor]
            ):
                path = Path(folder) / str(number)
                counts["methods of allocation"] += 1
                try:
                    pool.submit_limited(limit, hog.take, way, megabytes, path).result()
                except Stopped as stop:
                    is_by_limit = stop.type == "MemoryLimit"
                    outcome = "stopped" if is_by_limit else stop.type
                    print(f"  {way:<28} {outcome}: {stop}")
                    counts["limits not enforced"] += not is_by_limit
                _remove(path)


def _remove(path: Path) -> None:
    """Remove the shared-memory files that a method left behind, if any."""
    if path.is_file():
        leftover = Path(path.read_text())
        if leftover.is_dir():
            shutil.rmtree(leftover)
        elif leftover.is_absolute():
            leftover.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--megabytes", type=int, default=700)
    parser.add_argument("--executor", choices=CHAINS, default="local")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        attack = Attack(Path(folder), options.seed, options.executor)
        print(f"one run takes {attack.seconds:.1f} s, {len(attack.expected)} scenarios")
        for number in range(options.kills):
            roles = CHAINS[options.executor]
            attack.kill(roles[number % len(roles)], number)
        counts = attack.counts
    take_memory(options.executor, options.megabytes, counts)
    for name, count in counts.items():
        print(f"{count:>6} {name}")
    bad = (
        "processes left", "scenarios missing", "scenarios failed",
        "different predictions", "limits not enforced",
    )  # fmt: skip
    return int(any(counts[name] for name in bad))


if __name__ == "__main__":
    sys.exit(main())
