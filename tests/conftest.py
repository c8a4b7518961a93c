"""Fixtures that several test modules share."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import command_line
from rakuten_bench import records
from rakuten_bench.data.flipkart import FILE, FOLDER_VARIABLE
from rakuten_bench.executor.preload import load_file
from rakuten_bench.registry import iter_levers

#: For tests that ask for them, and for the workers that these start.
collect_ignore = [
    "elsewhere",
    "executor/memory_hog.py",
    "executor/odd_calls.py",
    "odd_options.py",
    "pools.py",  # its doctests would import it, and odd_calls, a second time
]


@dataclass
class Shop:
    """A results folder to fill with scenarios of a given quality.

    All scenarios answer the same rows; two of equal quality agree on most of them.
    """

    results: Path
    n_rows: int = 300
    classes: tuple[str, ...] = ("10", "40", "50", "60")
    name: str = "shop"

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        self.true = rng.integers(0, len(self.classes), self.n_rows).astype(np.int32)
        self.ids = np.array([f"row{row}" for row in range(self.n_rows)])
        self.language = rng.choice(["fr", "fr", "fr", "en"], self.n_rows)
        self._hardness = rng.random(self.n_rows)

    def predictions(self, right: float = 0.8, own: int = 0) -> records.Predictions:
        """Answer a share of the rows right; `own` seeds what is not common to all."""
        rng = np.random.default_rng([1, own])
        luck = np.where(
            rng.random(self.n_rows) < 0.2, rng.random(self.n_rows), self._hardness
        )
        wrong = (self.true + 1 + rng.integers(0, 2, self.n_rows)) % len(self.classes)
        predicted = np.where(luck < right, self.true, wrong)
        return records.Predictions(
            ids=self.ids,
            true=self.true,
            predicted=predicted.astype(np.int32),
            fold=np.zeros(self.n_rows, dtype=np.int16),
            language=self.language,
            classes=self.classes,
        )

    def record(self, code: str, **fields: Any) -> records.Record:
        """Return a record of this data set, with some fields replaced."""
        known = {
            "code": code,
            "name": "",
            "modality": "text",
            "board": self.name,
            "status": "ok",
            "dataset": records.DatasetInfo(name=self.name, fingerprint="data1"),
            "split": records.SplitInfo(
                scheme="holdout", fingerprint="split1", n_test=self.n_rows
            ),
            "seed": 123,
            "levers": {"stopwords": "off", "vectorizer": "tfidf", "model": "logreg"},
        }
        return records.Record(**{**known, **fields})

    def add(
        self,
        code: str,
        right: float = 0.8,
        own: int = 0,
        predictions: records.Predictions | None = None,
        **fields: Any,
    ) -> Path:
        """Write a scenario that answers a share of the rows right."""
        given = predictions or self.predictions(right, own)
        return self._write(self.record(code, **fields), given)

    def fail(self, code: str, status: str = "failed", **fields: Any) -> Path:
        """Write a scenario without scores."""
        error = records.Failure(
            type="ValueError", message="no words are left\nafter cleaning"
        )
        record = self.record(code, status=status, error=error, **fields)
        return self._write(record)

    def _write(
        self, record: records.Record, predictions: records.Predictions | None = None
    ) -> Path:
        """Write a record; return its folder."""
        records.write_record(self.results, record, predictions)
        return self.results / record.board / record.code

    def has_run(self, study: str, **fields: Any) -> None:
        """Write the scenarios of a file's last run, in place of its earlier ones.

        Parameters
        ----------
        study : str
        **fields
            Fields of the run; `scenarios` as a mapping from code to name, "" for none.
        """
        scenarios = [
            records.RunScenario(code=code, names=[name] if name else [], key="")
            for code, name in fields.pop("scenarios").items()
        ]
        known = {"board": self.name, "data": "data1", "split": "split1", "seed": 123}
        run = records.StudyRun(study=study, scenarios=scenarios, **{**known, **fields})
        records.write_study_run(self.results, run)

    @staticmethod
    def embellish(folder: Path, score: float = 0.99) -> None:
        """Change the score in a record by hand."""
        record = json.loads((folder / "record.json").read_text())
        record["scores"]["f1_weighted"] = score
        (folder / "record.json").write_text(json.dumps(record))


@pytest.fixture(scope="session", autouse=True)
def _interrupts_arrive() -> None:
    """Restore the handling of Ctrl-C, which a shell disables for background jobs."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _width_is_the_same_everywhere() -> None:
    """Print at the width of a log, independent of the terminal."""
    os.environ["COLUMNS"] = "100"


@pytest.fixture(autouse=True)
def _options_end_with_their_test() -> Iterator[None]:
    """Remove registered options: the next test may list the levers, or use the digit."""
    yield
    for lever in iter_levers():
        lever.forget_foreign()


@pytest.fixture(scope="session")
def flipkart_folder() -> Path:
    """Return the folder of the Flipkart sample, if a copy is available."""
    beside = Path(__file__).parents[2] / "shared" / "data" / "flipkart"
    folder = Path(os.environ.get(FOLDER_VARIABLE, beside))
    if not (folder / FILE).is_file():
        pytest.skip(
            f"no copy of the Flipkart data: name its folder in {FOLDER_VARIABLE}"
        )
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs the command: exit code, stdout and stderr."""
    return partial(command_line.call, capsys)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Return an empty results folder of a small shop."""
    return Shop(tmp_path / "results")


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Register the odd options; return a folder with a small table, to work in."""
    load_file("odd_options", str(command_line.ODD_OPTIONS))
    words = ("shoe", "pot", "hat")
    rows = [f"red {word} {number},{word},fr" for word in words for number in range(10)]
    (tmp_path / "shop.csv").write_text("\n".join(["name,kind,language", *rows]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    yield tmp_path
    del sys.modules["odd_options"]
