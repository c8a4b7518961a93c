"""Corruption of the cache and the results: no wrong score, no traceback.

Runs a small study once for the reference scores. Then repeatedly corrupts files of the
cache and the results, chosen at random (a flipped bit, a truncated, overwritten, removed
or swapped file), runs the study and reports: the scores must be the reference scores, or
the record must be named and excluded from the board. Finally runs `cache clear` at random
moments of a run. Prints the counts; each number but the first of a line must be 0.

    python bench/damage.py [--damages 300] [--swaps 100] [--clears 50] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from command import Answer, Command, call, import_all

STUDY = """
dataset: {table: {path: shop.csv, title: name, label: kind}}
scenarios:
  svm: {vectorizer: tfidf, model: linear_svc}
  bayes: {vectorizer: count, model: multinomial_nb}
  searched: {vectorizer: tfidf, model: multinomial_nb, search: {grid: {cv: 2}}}
  both: {fusion: mean, members: [bayes, searched]}
"""
RUN = ("run", "study.yaml", "--cache", "cache", "--jobs", "1", "--quiet")

Scores = dict[str, str]


def write_study(folder: Path, random_state: int) -> None:
    """Write a table whose classes overlap, so that wrong rows change the scores."""
    rng = np.random.default_rng(random_state)
    words = np.array([f"word{number}" for number in range(300)])
    lines = ["name,kind"]
    for row in range(600):
        kind = row % 4
        drawn = rng.choice(words[60 * kind : 60 * kind + 120], 4)
        lines.append(f"{' '.join(drawn)} {row},kind{kind}")
    (folder / "shop.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")


def board(folder: Path) -> tuple[Scores, Answer]:
    """Return the scores on the board, in full precision, by scenario."""
    answer = call(folder, "report", "--format", "json")
    rows = [] if answer.code else json.loads(answer.out)
    return {row["name"]: str(row["f1_weighted"]) for row in rows}, answer


def flip_bit(path: Path, draw: random.Random) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    if content:
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def cut_off(path: Path, draw: random.Random) -> None:
    """Keep only the start of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content) + 1)])


def overwrite(path: Path, draw: random.Random) -> None:
    """Fill a file with random bytes."""
    path.write_bytes(draw.randbytes(path.stat().st_size))


def remove(path: Path, draw: random.Random) -> None:
    """Remove a file."""
    del draw
    path.unlink()


DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (
    *(flip_bit, flip_bit, flip_bit, cut_off, overwrite, remove),
)


def swap(one: Path, other: Path) -> None:
    """Exchange the contents of two files."""
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def files_of(folder: Path) -> list[Path]:
    """Return the files of the cache and the results."""
    paths = [*folder.glob("cache/**/*"), *folder.glob("results/**/*")]
    return sorted(path for path in paths if path.is_file())


class Trial:
    """Counts the outcomes of runs in damaged folders.

    Parameters
    ----------
    whole : Path
        The intact folder after a run; copied for each damage.
    right : mapping of str to str
        Its scores.
    """

    def __init__(self, whole: Path, right: Scores) -> None:
        self.whole = whole
        self.right = right
        self.counts: Counter[str] = Counter()

    def copy(self) -> Path:
        """Return a fresh copy of the folder."""
        folder = self.whole.with_name("trial")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.whole, folder)
        return folder

    def judge(self, folder: Path, what: str, *, fresh: bool) -> None:
        """Report, run again and report; count the faults."""
        if fresh:  # all from the cache
            shutil.rmtree(folder / "results")
        else:
            scores, report = board(folder)
            self._compare(what, scores, [report], whole=False)
        self.compare_after_run(what, folder, call(folder, *RUN))

    def compare_after_run(self, what: str, folder: Path, ran: Answer) -> None:
        """Report; count wrong and lost scores after a run."""
        scores, report = board(folder)
        self._compare(what, scores, [ran, report], whole=True)
        self.counts["failed runs"] += ran.code != 0
        if ran.code:
            print(f"  {what}: exit code {ran.code}: {ran.err[-600:]}")

    def _compare(
        self, what: str, scores: Scores, answers: Sequence[Answer], *, whole: bool
    ) -> None:
        printed = "".join(answer.text for answer in answers)
        wrong = {n for n, score in scores.items() if self.right.get(n) != score}
        lost = whole and scores.keys() != self.right.keys()
        crashed = "Traceback" in printed
        self.counts["wrong"] += bool(wrong)
        self.counts["lost"] += lost
        self.counts["tracebacks"] += crashed
        if wrong or lost or crashed:
            print(f"  {what}: wrong {sorted(wrong)}, {printed[-600:]}")

    def line(self, n_tried: int, what: str) -> str:
        """Return the counts as text and reset them."""
        counts = ", ".join(
            f"{self.counts[name]} {name}"
            for name in ("wrong", "lost", "tracebacks", "failed runs")
        )
        self.counts.clear()
        return f"{n_tried} {what}: {counts}"


def clear_during_a_run(trial: Trial, draw: random.Random, seconds: float) -> None:
    """Clear the cache at a random moment of a run without cache and results."""
    folder = trial.copy()
    shutil.rmtree(folder / "results")
    shutil.rmtree(folder / "cache")
    with Command(folder, RUN) as run:
        time.sleep(draw.uniform(0, seconds))
        call(folder, "cache", "clear", "--cache", "cache")
        trial.compare_after_run("cleared", folder, run.wait())


def damage_files(trial: Trial, draw: random.Random, n_tried: int) -> None:
    """Damage one file at a time."""
    for number in range(n_tried):
        folder = trial.copy()
        path = draw.choice(files_of(folder))
        damage = draw.choice(DAMAGES)
        damage(path, draw)
        what = f"{damage.__name__} {path.relative_to(folder)}"
        trial.judge(folder, what, fresh=number % 2 == 0)


def swap_files(trial: Trial, draw: random.Random, n_tried: int) -> None:
    """Swap two files at a time; every other time of one kind: harder to detect."""
    for number in range(n_tried):
        folder = trial.copy()
        files = files_of(folder)
        one = draw.choice(files)
        alike = [path for path in files if path.suffix == one.suffix]
        other = draw.choice(alike if number % 2 else files)
        swap(one, other)
        what = f"swap {one.relative_to(folder)} {other.relative_to(folder)}"
        trial.judge(folder, what, fresh=number % 4 < 2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--damages", type=int, default=300)
    parser.add_argument("--swaps", type=int, default=100)
    parser.add_argument("--clears", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    import_all()
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        whole.mkdir()
        write_study(whole, arguments.seed)
        start = time.monotonic()
        ran = call(whole, *RUN)
        seconds = time.monotonic() - start
        if ran.code:
            sys.exit(ran.text)
        trial = Trial(whole, board(whole)[0])
        damage_files(trial, draw, arguments.damages)
        print(trial.line(arguments.damages, "damages"), flush=True)
        swap_files(trial, draw, arguments.swaps)
        print(trial.line(arguments.swaps, "swaps"), flush=True)
        for _ in range(arguments.clears):
            clear_during_a_run(trial, draw, seconds)
        print(trial.line(arguments.clears, "clears during a run"))


if __name__ == "__main__":
    main()
