"""Concurrent runs on one cache: all must succeed, with correct boards.

Three studies that share steps are run one by one for their reference boards. Then random
batches of 2 to 8 runs are started concurrently: with a new cache or that of the previous
batch, with separate results folders or a common one, with one worker or two. Each run
must end with exit code 0, and the board of each results folder must equal the reference
board of its studies. Prints the counts; exits with 1 if a count of faults is not 0.

    python bench/together.py [--runs 100] [--seed 0]
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from command import Answer, Command, call, import_all
from damage import write_study

HEAD = "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
STUDIES = {
    "words": HEAD + "matrix: {vectorizer: [count, tfidf], model: [linear_svc, logreg]}",
    "bayes": HEAD
    + "matrix: {vectorizer: [count, tfidf], model: [multinomial_nb, linear_svc]}",
    "fused": HEAD
    + """scenarios:
  bayes: {vectorizer: count, model: multinomial_nb}
  searched: {vectorizer: tfidf, model: multinomial_nb, search: {grid: {cv: 2}}}
  both: {fusion: mean, members: [bayes, searched]}
""",
}
LONGEST = 900.0  # seconds

#: Code -> values that are the same in every run.
Board = dict[str, tuple[object, ...]]


class Batches:
    """Counts the outcomes of concurrent runs in a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        write_study(folder, seed)
        for name, text in STUDIES.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        self.n_caches = 0
        self.expected = {
            names: self._run_alone(names)
            for names in map(frozenset, _subsets(sorted(STUDIES)))
        }

    def _run_alone(self, names: Iterable[str]) -> Board:
        """Run studies sequentially, with one results folder."""
        results = f"alone-{'-'.join(sorted(names))}"
        for name in sorted(names):
            answer = call(self.folder, *_run(name, results, "alone", 1))
            if answer.code:
                raise SystemExit(answer.text)
        return self._read(results)

    def run(self, n_runs: int) -> None:
        """Start a number of runs concurrently and check them."""
        if self.random.random() < 0.5:
            shutil.rmtree(self.folder / f"cache{self.n_caches}", ignore_errors=True)
            self.n_caches += 1
        cache = f"cache{self.n_caches}"
        names = self.random.choices(list(STUDIES), k=n_runs)
        is_shared = self.random.random() < 0.5
        results = [
            "results" if is_shared else f"results{number}" for number in range(n_runs)
        ]
        with ExitStack() as stack:
            started = [
                stack.enter_context(
                    Command(
                        self.folder, _run(name, path, cache, self.random.randint(1, 2))
                    )
                )
                for name, path in zip(names, results, strict=True)
            ]
            for name, command in zip(names, started, strict=True):
                self._count(name, command.wait(LONGEST))
        for path in sorted(set(results)):
            studies = frozenset(
                name
                for name, other in zip(names, results, strict=True)
                if other == path
            )
            self._compare(path, studies)
            shutil.rmtree(self.folder / path)
        shutil.rmtree(self.folder / "results", ignore_errors=True)
        self.counts["batches"] += 1

    def _count(self, name: str, answer: Answer) -> None:
        self.counts["runs"] += 1
        is_failed = answer.code != 0
        is_crashed = "Traceback" in answer.text
        self.counts["failed runs"] += is_failed
        self.counts["tracebacks"] += is_crashed
        if is_failed or is_crashed:
            print(f"  {name}: exit code {answer.code}: {answer.text[-600:]}")

    def _compare(self, results: str, names: frozenset[str]) -> None:
        actual, expected = self._read(results), self.expected[names]
        self.counts["boards"] += 1
        self.counts["wrong boards"] += actual != expected
        if actual != expected:
            codes = sorted(
                c for c in actual | expected if actual.get(c) != expected.get(c)
            )
            rows = [(code, actual.get(code), expected.get(code)) for code in codes]
            print(f"  {sorted(names)}: {rows}")

    def _read(self, results: str) -> Board:
        answer = call(self.folder, "report", "--results", results, "--format", "json")
        if answer.code:
            print(f"  {results}: {answer.text}")
            return {}
        digests = {
            record["code"]: record["predictions_digest"]
            for path in self.folder.glob(f"{results}/*/*/record.json")
            for record in [json.loads(path.read_bytes())]
        }
        kept = (
            "status",
            "f1_weighted",
            "f1_macro",
            "low",
            "high",
            "group",
        )
        rows = json.loads(answer.out)
        return {
            row["code"]: (
                _count_better(row, rows),
                *(row[name] for name in kept),
                digests.get(row["code"]),
            )
            for row in rows
        }


def _count_better(row: dict[str, float], rows: list[dict[str, float]]) -> int:
    """Return how many rows score better: equal scores are ranked by measured time."""
    return sum(other["f1_weighted"] > row["f1_weighted"] for other in rows)


def _run(name: str, results: str, cache: str, n_jobs: int) -> tuple[str, ...]:
    command = "run", f"{name}.yaml", "--results", results, "--cache", cache, "--quiet"
    return (*command, "--jobs", str(n_jobs))


def _subsets(names: list[str]) -> Iterator[list[str]]:
    for number in range(1, 1 << len(names)):
        yield [name for bit, name in enumerate(names) if number >> bit & 1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    import_all()
    with tempfile.TemporaryDirectory() as folder:
        batches = Batches(Path(folder), arguments.seed)
        left = arguments.runs
        while left > 0:
            n_runs = min(batches.random.randint(2, 8), max(left, 2))
            batches.run(n_runs)
            left -= n_runs
        counts = batches.counts
    for name, count in counts.items():
        print(f"{count:>6} {name}")
    return int(any(counts[n] for n in ("failed runs", "tracebacks", "wrong boards")))


if __name__ == "__main__":
    sys.exit(main())
