"""Scripts that define options of their own and run a study."""

import subprocess
import sys

import pytest

from pools import POOLS

SCRIPT = """
import numpy as np

import rakuten_bench as rb
from rakuten_bench.registry import MODEL


@MODEL.option("first", digit="z")
class First:
    '''Predict the first class.'''

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[0], X.shape[0])


"""
RUN = """
open("started", "a").write("x")
board = rb.run("grid.yaml", executor="{executor}", jobs=1)
print(*board.to_frame()["status"])
"""
GUARDED = 'if __name__ == "__main__":' + RUN.replace("\n", "\n    ")


@pytest.mark.parametrize("text", [RUN, GUARDED], ids=["plain", "guarded"])
@pytest.mark.parametrize("executor", POOLS)
def test_options_of_a_script_work_and_the_script_runs_once(odd, executor, text):
    (odd / "grid.yaml").write_text(
        "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
        "scenarios: {a: {model: first}}"
    )
    (odd / "script.py").write_text(SCRIPT + text.format(executor=executor))

    done = subprocess.run(
        [sys.executable, "script.py"], capture_output=True, text=True, check=False
    )

    assert done.stdout.strip() == "ok", done.stderr
    assert [*(odd / "results").glob("shop/*/record.json")]


SPAWNED = """
import multiprocessing

import rakuten_bench as rb


def work():
    rb.run("grid.yaml", jobs=1)


if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=work)
    process.start()
    process.join()
    print(process.exitcode)
"""


def test_a_study_runs_in_a_spawned_process_of_multiprocessing(odd):
    (odd / "grid.yaml").write_text(
        "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
        "scenarios: {a: {vectorizer: count, model: multinomial_nb}}"
    )
    (odd / "script.py").write_text(SPAWNED)

    done = subprocess.run(
        [sys.executable, "script.py"], capture_output=True, text=True, check=False
    )

    assert done.stdout.strip() == "0", done.stderr
