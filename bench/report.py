"""Time of a board of 10,000 records, against only reading the same files.

Writes 10,000 records (380 test rows, 12 steps each, like a large grid on the embedded
data set) to a temporary folder, then times `rakuten-bench report` in a new process: the
first time, when each record is verified, and the second time, when its files are only
compared with the verified state. The peers only read the same files: the records with
`json`, the predictions with NumPy. Also times a board of 1,000 records with 17,000 test
rows, every scenario with interval and group.

    python bench/report.py [--records 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rakuten_bench import records


def make_predictions(rng, n_rows, n_classes, true, common):
    is_independent = rng.random(n_rows) < 0.2
    luck = np.where(is_independent, rng.random(n_rows), common)
    wrong = (true + rng.integers(1, n_classes, n_rows)) % n_classes
    predicted = np.where(luck < rng.uniform(0.6, 0.85), true, wrong)
    return records.Predictions(
        ids=np.arange(n_rows).astype(np.str_),
        true=true,
        predicted=predicted.astype(np.int32),
        fold=np.zeros(n_rows, dtype=np.int16),
        language=np.full(n_rows, "fr"),
        classes=tuple(str(10 * label) for label in range(n_classes)),
    )


def write_board(results, board, n_records, n_rows, n_classes):
    rng = np.random.default_rng(0)
    true = rng.integers(0, n_classes, n_rows).astype(np.int32)
    common = rng.random(n_rows)
    levers = [f"lever{number}" for number in range(12)]
    for number in range(n_records):
        options = {lever: str(rng.integers(3)) for lever in levers}
        steps = [
            records.StepCost(lever=k, option=v, key="0123456789abcdef" * 2, seconds=0.5)
            for k, v in options.items()
        ]
        digits = f"{number:012d}"
        record = records.Record(
            code=f"T{digits[:4]}-{digits[4:8]}-{digits[8:]}",
            name="",
            modality="text",
            board=board,
            status="ok",
            dataset=records.DatasetInfo(name=board, fingerprint="d"),
            split=records.SplitInfo(scheme="holdout", fingerprint="s", n_test=n_rows),
            seed=123,
            levers=options,
            steps=steps,
            provenance=records.collect_provenance({"numpy": "2"}),
        )
        predictions = make_predictions(rng, n_rows, n_classes, true, common)
        records.write_record(results, record, predictions)


def time_report(results, *options):
    """Return wall-clock seconds and CPU seconds."""
    start, busy = time.perf_counter(), busy_seconds()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "rakuten_bench",
            "report",
            "--results",
            results,
            *options,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start, busy_seconds() - busy


def busy_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def time_json(results):
    start = time.process_time()
    for path in results.glob("*/*/record.json"):
        json.loads(path.read_bytes())
    return time.process_time() - start


def time_numpy(results):
    start = time.process_time()
    for path in results.glob("*/*/predictions.npz"):
        with np.load(path) as arrays:
            for name in arrays.files:
                arrays[name]
    return time.process_time() - start


def print_board(results, *options):
    for which in ("first", "second"):
        wall, busy = time_report(results, *options)
        print(f"  {which} time: {wall:.2f} s wall clock, {busy:.2f} s CPU")
    json_alone, numpy_alone = time_json(results), time_numpy(results)
    print(f"  json.loads of the records alone: {json_alone:.2f} s")
    print(f"  np.load of the predictions alone: {numpy_alone:.2f} s")
    print(f"  ratio of the second to both: {busy / (json_alone + numpy_alone):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000)
    n_records = parser.parse_args().records
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RAKUTEN_BENCH_CACHE"] = f"{folder}/cache"
        small, large = Path(folder) / "small", Path(folder) / "large"
        write_board(small, "small", n_records, 380, 9)
        print(f"{n_records:,} records, the whole command")
        print_board(small, "--top", "10")
        write_board(large, "large", 1000, 17_000, 27)
        print("1,000 records of 17,000 test rows, intervals and groups")
        print_board(large, "--top", "1000")


if __name__ == "__main__":
    main()
