"""What a run survives: kills at random moments, and steps that take memory in odd ways.

The processes of a run (a worker, the fork server, the guard above it, the command
itself) are killed one after the other while steps with children and daemons are at
work; a killed command is started again. In the end every scenario has scores, the same
predictions as in a run that was left alone, and no process is left. Then every way of
`tests/executor/memory_hog.py` takes memory under a limit: it has to be stopped.

Prints the counts; leaves with 1 if one of them is not 0.

    python bench/attack.py [--kills 12] [--seed 0] [--megabytes 700]
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

from rakuten_bench.executor.fault import Stopped
from rakuten_bench.executor.local.pool import LocalPool
from rakuten_bench.executor.preload import Preload, load_file
from rakuten_bench.scenario.limit import Limit

TESTS = Path(__file__).resolve().parents[1] / "tests"
OPTIONS, HOG = TESTS / "odd_options.py", TESTS / "executor" / "memory_hog.py"
MARK = "RAKUTEN_BENCH_ATTACK"
LONGEST = 600.0  # seconds
LONGEST_END = 60.0  # seconds until no process is left
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
    """Runs of one grid in a folder, and what became of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
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
        words = ["run", "grid.yaml", "--results", f"{name}/results", "--quiet"]
        words += ["--cache", f"{name}/cache", "--jobs", "2"]
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(OPTIONS), *words],
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

    def kill(self, who: str, number: int) -> None:
        """Kill one process of a run at some moment, and see what is left of it."""
        name = f"run{number}"
        run = self._start(name)
        victim = self._find(who, run)
        time.sleep(self.random.uniform(0, self.seconds / 3))
        with suppress(psutil.Error):
            victim = self._find(who, run) or victim
            if victim and victim.is_running():
                victim.send_signal(signal.SIGKILL)
                self.counts[f"{who} killed"] += 1
        run.wait(LONGEST)
        self.counts["processes left"] += self._count_left()
        if who == "command":
            self._start(name).wait(LONGEST)
        self._judge(self.folder / name)

    def _find(self, who: str, run: subprocess.Popen[bytes]) -> psutil.Process | None:
        """Return a process of a run once there is one; None where the run has ended."""
        depth = ("command", "guard", "fork server", "worker").index(who)
        while run.poll() is None:
            with suppress(psutil.Error, IndexError):
                found = psutil.Process(run.pid)
                for _ in range(depth):
                    found = self.random.choice(found.children())
                return found
            time.sleep(0.05)
        return None

    def _count_left(self) -> int:
        """Return how many processes of a run outlive it."""
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

    def _judge(self, place: Path) -> None:
        found = self._read(place)
        self.counts["runs"] += 1
        self.counts["scenarios"] += len(found)
        self.counts["scenarios missing"] += len(self.expected.keys() - found.keys())
        for code, (status, digest) in found.items():
            self.counts["scenarios failed"] += status != "ok"
            is_other = status == "ok" and digest != self.expected[code][1]
            self.counts["other predictions"] += is_other
        shutil.rmtree(place, ignore_errors=True)

    def _read(self, place: Path) -> dict[str, tuple[str, str]]:
        records = map(json.loads, map(Path.read_bytes, place.glob("*/*/*/record.json")))
        return {
            record["code"]: (record["status"], record.get("predictions_digest", ""))
            for record in records
        }


def take_memory(megabytes: int, counts: Counter[str]) -> None:
    """Take memory in every way, under a limit of about a third of it."""
    load_file("memory_hog", str(HOG))
    hog = sys.modules["memory_hog"]
    limit = Limit(memory=megabytes * 350_000, time=120)
    files = (("memory_hog", str(HOG)),)
    with tempfile.TemporaryDirectory() as folder:
        pool = LocalPool(1, preload=Preload(names=("numpy",), files=files))
        with pool:
            for number, way in enumerate(hog.WAYS):
                path = Path(folder) / str(number)
                counts["ways to take memory"] += 1
                try:
                    pool.submit_limited(limit, hog.take, way, megabytes, path).result()
                except Stopped as stop:
                    is_kept = stop.type == "MemoryLimit"
                    print(f"  {way:<28} {'stopped' if is_kept else stop.type}: {stop}")
                    counts["ways past the limit"] += not is_kept
                _remove(path)


def _remove(path: Path) -> None:
    """Remove the files in memory that a way has left; other ways leave a number."""
    if path.is_file():
        held = Path(path.read_text())
        if held.is_dir():
            shutil.rmtree(held)
        elif held.is_absolute():
            held.unlink(missing_ok=True)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--kills", type=int, default=12)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--megabytes", type=int, default=700)
    options = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        attack = Attack(Path(folder), options.seed)
        print(f"one run takes {attack.seconds:.1f} s, {len(attack.expected)} scenarios")
        for number in range(options.kills):
            attack.kill(
                ("worker", "fork server", "command", "guard")[number % 4], number
            )
        counts = attack.counts
    take_memory(options.megabytes, counts)
    for name, count in counts.items():
        print(f"{count:>6} {name}")
    bad = (
        "processes left", "scenarios missing", "scenarios failed", "other predictions",
        "ways past the limit",
    )  # fmt: skip
    return int(any(counts[name] for name in bad))


if __name__ == "__main__":
    sys.exit(main())
