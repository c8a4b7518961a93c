"""Overhead of the harness, measured with a no-op model.

Prints milliseconds per scenario of a grid of 1,000, against the same calls in a plain
loop; the seconds of running the finished grid again, when its board is printed for the
first time and after that (the median of several, in turns with a Python that only
imports pandas and scikit-learn, as each run has to); and the seconds of planning 10,000
scenarios.

    python bench/overhead.py [--scenarios 1000]
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rakuten_bench.engine import Run, Settings, prepare
from rakuten_bench.executor.pooled import close_kept
from rakuten_bench.executor.preload import load_file
from rakuten_bench.scenario.load import load_study

OPTION = '''
import numpy as np
from rakuten_bench.registry import DIGITS, MODEL

taken = {option.digit for option in MODEL.options("text")}


@MODEL.option("noop", digit=next(digit for digit in reversed(DIGITS) if digit not in taken))
class Noop:
    """Learn nothing."""

    def __init__(self, number: int = 0):
        self.number = number

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(X.shape[0], dtype=np.int32)
'''
GRID = """
dataset: {{table: {{path: shop.csv, title: name, label: kind, language: language}}}}
defaults: {{tokenizer: regex}}
matrix:
  model: {{noop: {{number: [{numbers}]}}}}
"""
PLAN = """
dataset: {{table: {{path: shop.csv, title: name, label: kind, language: language}}}}
defaults: {{tokenizer: regex}}
matrix:
  stopwords: [off, iso]
  normalizer: [off, stem_snowball]
  vectorizer: [count, tfidf]
  model: {{noop: {{number: [{numbers}]}}}}
"""
N_TURNS = 7
IMPORTS = [sys.executable, "-c", "import pandas, sklearn.pipeline"]
MAIN = """
import sys
from rakuten_bench.executor.preload import load_file
load_file("noop", sys.argv.pop(1))
from rakuten_bench.cli import main
main()
"""


def write(folder: Path, n_scenarios: int) -> None:
    words = ("shoe", "pot", "hat", "book", "lamp")
    rows = [f"red {word} {number},{word},fr" for word in words for number in range(400)]
    (folder / "shop.csv").write_text("\n".join(["name,kind,language", *rows]))
    (folder / "noop.py").write_text(OPTION)
    numbers = ", ".join(map(str, range(n_scenarios)))
    (folder / "grid.yaml").write_text(GRID.format(numbers=numbers))
    numbers = ", ".join(map(str, range(1250)))
    (folder / "plan.yaml").write_text(PLAN.format(numbers=numbers))


def plain_loop(n_scenarios: int) -> float:
    """Return the seconds of fitting and scoring the same models without a harness."""
    from scipy.sparse import random as random_matrix
    from sklearn.metrics import f1_score

    model = sys.modules["noop"].Noop
    X = random_matrix(1600, 420, 0.01, format="csr")
    y = np.zeros(400, dtype=np.int32)
    start = time.perf_counter()
    for number in range(n_scenarios):
        predicted = model(number).fit(X, y).predict(X[:400])
        f1_score(y, predicted, average="weighted")
    return time.perf_counter() - start


def measure(folder: Path, n_jobs: int) -> tuple[float, float, float, float]:
    """Return the seconds of a cold run, of two runs after it, and of the imports.

    The cold run is timed without a board, so that the first run after it compares all
    scenarios. A user's run prints the board: running it again is the second.
    """
    study = load_study(folder / "grid.yaml")
    settings = Settings(
        folder / f"results{n_jobs}", folder / f"cache{n_jobs}", n_jobs=n_jobs
    )
    prepared = prepare(study, settings)
    events = Run(prepared, settings).events()
    next(event for event in events if event.n_computed)  # the workers are ready
    start = time.perf_counter()
    for _ in events:
        pass
    seconds = time.perf_counter() - start
    close_kept()
    command = [sys.executable, "-c", MAIN, str(folder / "noop.py"), "run", "grid.yaml"]
    command += ["--jobs", str(n_jobs), "--quiet"]
    command += ["--results", str(settings.results), "--cache", str(settings.cache)]
    first = time_command(command, folder)
    turns = [
        (time_command(command, folder), time_command(IMPORTS, folder))
        for _ in range(N_TURNS)
    ]
    again, imports = np.median(turns, axis=0)
    return seconds, first, float(again), float(imports)


def time_command(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def plan(folder: Path) -> float:
    """Return the seconds of planning 10,000 scenarios, without starting Python."""
    study = load_study(folder / "plan.yaml")
    settings = Settings(folder / "none", folder / "cache1")
    prepare(study, settings)
    start = time.perf_counter()
    study = load_study(folder / "plan.yaml")
    prepared = prepare(study, settings)
    seconds = time.perf_counter() - start
    assert len(prepared.plan.scenarios) == 10_000
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=1000)
    n_scenarios = parser.parse_args().scenarios
    folder = Path(tempfile.mkdtemp())
    try:
        write(folder, n_scenarios)
        load_file("noop", str(folder / "noop.py"))
        loop = plain_loop(n_scenarios) / n_scenarios
        print(f"plain loop                {loop * 1e3:8.2f} ms per scenario")
        for n_jobs in (1, 2):
            cold, first, again, imports = measure(folder, n_jobs)
            each = cold / n_scenarios
            print(
                f"no-op model, {n_jobs} jobs       {each * 1e3:8.2f} ms per scenario, {(each - loop) * 1e3:.2f} more than the loop (limit 10)"
            )
            print(f"finished grid of {n_scenarios:,} again, seconds with start-up:")
            print(f"  board printed for the first time     {first:8.2f}")
            print(
                f"  board printed again                  {again:8.2f} (limit 2), "
                f"{again / imports:.2f} times the imports alone ({imports:.2f})"
            )
        print(f"planning 10,000           {plan(folder):8.2f} s (limit 2)")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
