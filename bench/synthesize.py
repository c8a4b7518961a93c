"""Speed of synthesizing and splitting listings, and their difficulty.

Writes a catalog, then scores a plain scikit-learn pipeline (TF-IDF, LinearSVC) on it and
compares its F1 of each class with the known one on the real listings.

    python bench/synthesize.py --rows 84916
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from tabulate import tabulate

from rakuten_bench.data import SplitSpec, build_split
from rakuten_bench.data.audit import audit
from rakuten_bench.data.grouping import find_groups
from rakuten_bench.data.rakuten import LABEL_NAMES, read_challenge
from rakuten_bench.data.synthesis import synthesize
from rakuten_bench.division import divide
from rakuten_bench.types import Dataset

MAX_SECONDS = 60
TARGET = (0.78, 0.88)
#: F1 of each class that a LinearSVC on TF-IDF reaches on the real listings.
KNOWN = {
    "10": 0.52, "40": 0.69, "50": 0.82, "60": 0.87, "1140": 0.79, "1160": 0.93,
    "1180": 0.66, "1280": 0.69, "1281": 0.62, "1300": 0.91, "1301": 0.97,
    "1302": 0.82, "1320": 0.83, "1560": 0.83, "1920": 0.91, "1940": 0.91,
    "2060": 0.82, "2220": 0.89, "2280": 0.78, "2403": 0.76, "2462": 0.80,
    "2522": 0.94, "2582": 0.74, "2583": 0.97, "2585": 0.83, "2705": 0.70,
    "2905": 0.96,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=84_916)
    parser.add_argument("--seed", type=int, default=123)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter()
        synthesize(folder, rows=arguments.rows, random_state=arguments.seed)
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        dataset = read_challenge(folder)
        loading = time.perf_counter() - started
    print(
        f"{arguments.rows:,} listings written in {seconds:.1f} s "
        f"({seconds / MAX_SECONDS:.2f} of the limit of {MAX_SECONDS} s for "
        f"84,916), read back in {loading:.1f} s"
    )
    print_split(dataset)
    print_counts(dataset)
    print_profile(dataset)


def print_split(dataset: Dataset) -> None:
    """Compare our division into five folds with scikit-learn's, for the same groups."""
    groups = find_groups(dataset)
    shares = np.bincount(dataset.y) / 5
    peer = StratifiedGroupKFold(5, shuffle=True, random_state=123)
    started = time.perf_counter()
    part = divide(dataset.y, groups, [0.2] * 5, 123)
    ours = time.perf_counter() - started
    started = time.perf_counter()
    peer_tests = [test for _, test in peer.split(dataset.y, dataset.y, groups)]
    peer_seconds = time.perf_counter() - started
    rows = [
        (name, seconds, max(worst(dataset.y[test], shares) for test in tests))
        for name, seconds, tests in (
            ("ours", ours, [np.flatnonzero(part == fold) for fold in range(5)]),
            ("StratifiedGroupKFold", peer_seconds, peer_tests),
        )
    ]
    print(
        tabulate(
            rows, ("5 folds", "seconds", "max. error of a class share"), floatfmt=".4f"
        )
    )
    print(f"ratio {peer_seconds / ours:.0f}")


def worst(y: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(np.bincount(y, minlength=len(expected)) / expected - 1).max())


def print_counts(dataset: Dataset) -> None:
    counts = audit(dataset)
    rows = [
        (name, d["rows"], f"{d['share']:.2%}", d["largest"], d["across_classes"])
        for name, d in counts["duplicates"].items()
    ]
    print(tabulate(rows, ("duplicates", "rows", "share", "largest", "across classes")))
    print("no description:", f"{counts['missing']['description']['share']:.2%}")
    print("languages:", counts["languages"]["rows"])
    for name, lengths in counts["lengths"].items():
        print(name, lengths)


def print_profile(dataset: Dataset) -> None:
    fold = build_split(dataset, SplitSpec()).folds[0]
    text = (dataset.frame["title"] + " " + dataset.frame["description"]).to_numpy()
    model = make_pipeline(TfidfVectorizer(), LinearSVC(C=0.5))
    started = time.perf_counter()
    model.fit(text[fold.train], dataset.y[fold.train])
    seconds = time.perf_counter() - started
    true, predicted = dataset.y[fold.test], model.predict(text[fold.test])
    weighted = f1_score(true, predicted, average="weighted")
    scores = f1_score(true, predicted, average=None)
    known = np.array([KNOWN[label] for label in dataset.classes])
    rows = zip(dataset.classes, known, scores, scores - known, strict=True)
    table = [(label, LABEL_NAMES[label], *rest) for label, *rest in rows]
    print(
        tabulate(
            sorted(table, key=lambda row: row[2]),
            ("class", "name", "real listings", "synthetic", "difference"),
            floatfmt=".3f",
        )
    )
    print(
        f"weighted F1 {weighted:.4f} (target {TARGET[0]} to {TARGET[1]}), correlation "
        f"with the real classes' F1 {np.corrcoef(known, scores)[0, 1]:.3f}, mean "
        f"difference {np.abs(scores - known).mean():.3f}, fitted in {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
