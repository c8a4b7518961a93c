"""What sharing steps saves: one grid, run by us and by what people use instead.

Everybody uses the same scikit-learn classes on the same rows, so that only the sharing
differs, and everybody has to give the same predictions. Peers: a plain loop over
pipelines, scikit-learn's `Pipeline(memory=...)`, and Dask's own graph, which computes
once what has one name. Prints seconds, steps computed, each peer's seconds over ours,
and how much we reach of the speed-up that shared work and cores allow (Amdahl).

Seconds are without start-up (ours: workers that import scikit-learn; it is printed
apart): it does not grow with the grid.

    python bench/sharing.py [--rows 5000]
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from rakuten_bench.engine import Settings, prepare, run
from rakuten_bench.engine.executor import close_kept, open_local, warm_up
from rakuten_bench.engine.forecast import open_costs
from rakuten_bench.engine.preload import find_preload, load_file
from rakuten_bench.engine.schedule import Schedule
from rakuten_bench.engine.thread import count_cores, limit_threads
from rakuten_bench.records import read_predictions
from rakuten_bench.scenario.load import load_study

OPTIONS = '''
"""scikit-learn's own classes as options."""
from rakuten_bench.registry import DIGITS, MODEL, REDUCER, VECTORIZER


def free(lever):
    taken = {option.digit for option in lever.options("text")}
    return next(digit for digit in reversed(DIGITS) if digit not in taken)


@VECTORIZER.option(
    "sk_tfidf", digit=free(VECTORIZER), reads=("texts",), needs="scikit-learn"
)
class Tfidf:
    """Weigh words, straight from the texts."""

    def __init__(self, sublinear_tf: bool = False, max_df: float = 1.0):
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.inner = TfidfVectorizer(sublinear_tf=sublinear_tf, max_df=max_df)

    def fit_transform(self, texts, y):
        return self.inner.fit_transform(texts.columns[0])

    def transform(self, texts):
        return self.inner.transform(texts.columns[0])


@REDUCER.option("sk_chi2", digit=free(REDUCER), needs="scikit-learn")
def sk_chi2(k: int = 2000):
    """Keep the best columns."""
    from sklearn.feature_selection import SelectKBest, chi2

    return SelectKBest(chi2, k=k)


@MODEL.option("sk_svc", digit=free(MODEL), needs="scikit-learn")
def sk_svc(C: float = 1.0):
    """A linear SVM."""
    from sklearn.svm import LinearSVC

    return LinearSVC(C=C, random_state=0)
'''
SHARED = {
    "sublinear_tf": (False, True),
    "max_df": (1.0,),
    "k": (2000, 4000),
    "C": (0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
}
ALONE = {
    "sublinear_tf": (True,),
    "max_df": tuple(np.linspace(0.9, 1.0, 12).round(4).tolist()),
    "k": (4000,),
    "C": (1.0,),
}
GRID = """
dataset: {{table: {{path: shop.csv, title: text, label: kind, language: language}}}}
matrix:
  vectorizer: {{sk_tfidf: {{sublinear_tf: {sublinear_tf}, max_df: {max_df}}}}}
  reducer: {{sk_chi2: {{k: {k}}}}}
  model: {{sk_svc: {{C: {C}}}}}
"""


@dataclass
class Grid:
    """Scenarios and the rows that everybody works on."""

    folder: Path
    axes: dict[str, tuple[Any, ...]]

    def __post_init__(self) -> None:
        lists = {name: list(values) for name, values in self.axes.items()}
        text = GRID.format(**lists).replace("True", "true").replace("False", "false")
        self.file = self.folder / "grid.yaml"
        self.file.write_text(text)
        self.study = load_study(self.file)
        prepared = prepare(
            self.study, Settings(self.folder / "none", self.folder / "c")
        )
        fold, frame = prepared.split.folds[0], prepared.dataset.frame
        texts = frame["title"].to_numpy(dtype=object)
        self.X, self.y = texts[fold.train], prepared.dataset.y[fold.train]
        self.X_test = texts[fold.test]
        self.plan = prepared.plan

    @property
    def points(self) -> list[tuple[Any, ...]]:
        return list(product(*self.axes.values()))


@dataclass
class Outcome:
    """What one way to run the grid took and gave."""

    name: str
    seconds: float
    n_steps: int
    predictions: list[list[int]]
    start_up: float = 0.0


def write_data(folder: Path, n_rows: int) -> None:
    """Write texts whose words depend on the class."""
    rng = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(20_000)])
    base = 1 / np.arange(10, 20_010)
    lines = ["text,kind,language"]
    for row in range(n_rows):
        share = np.where(np.arange(20_000) % 10 == row % 10, 1.5, 1.0) * base
        text = " ".join(rng.choice(words, 80, p=share / share.sum()))
        lines.append(f"{text},k{row % 10},fr")
    (folder / "shop.csv").write_text("\n".join(lines))


def pipeline(point: tuple[Any, ...], memory: str | None = None) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.feature_selection import SelectKBest, chi2
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    sublinear_tf, max_df, k, C = point
    return make_pipeline(
        TfidfVectorizer(sublinear_tf=sublinear_tf, max_df=max_df),
        SelectKBest(chi2, k=k),
        LinearSVC(C=C, random_state=0),
        memory=memory,
    )


def loop(grid: Grid) -> Outcome:
    """Fit every pipeline from the texts on."""
    start = time.perf_counter()
    predictions = [
        pipeline(point).fit(grid.X, grid.y).predict(grid.X_test).tolist()
        for point in grid.points
    ]
    seconds = time.perf_counter() - start
    return Outcome("plain loop", seconds, 3 * len(grid.points), predictions)


def memory(grid: Grid) -> Outcome:
    """Fit pipelines that keep fitted transformers in a folder."""
    folder = grid.folder / "memory"
    start = time.perf_counter()
    predictions = [
        pipeline(point, str(folder)).fit(grid.X, grid.y).predict(grid.X_test).tolist()
        for point in grid.points
    ]
    seconds = time.perf_counter() - start
    n_steps = len(list(folder.rglob("output.pkl"))) + len(grid.points)
    return Outcome("Pipeline(memory=...)", seconds, n_steps, predictions)


def weigh(X: Any, X_test: Any, sublinear_tf: bool, max_df: float) -> Any:
    model = pipeline((sublinear_tf, max_df, 1, 1.0))[0]
    return model.fit_transform(X), model.transform(X_test)


def choose(features: Any, y: Any, k: int) -> Any:
    model = pipeline((False, 1.0, k, 1.0))[1]
    return model.fit_transform(features[0], y), model.transform(features[1])


def learn(features: Any, y: Any, C: float) -> list[int]:
    model = pipeline((False, 1.0, 1, C))[2]
    found: list[int] = model.fit(features[0], y).predict(features[1]).tolist()
    return found


def dask_graph(grid: Grid, n_workers: int) -> Outcome:
    """Compute a graph of delayed calls in processes."""
    import dask
    from dask import delayed

    X, X_test, y = delayed(grid.X), delayed(grid.X_test), delayed(grid.y)
    ends = []
    for sublinear_tf, max_df, k, C in grid.points:
        features = delayed(weigh, pure=True)(X, X_test, sublinear_tf, max_df)
        chosen = delayed(choose, pure=True)(features, y, k)
        ends.append(delayed(learn, pure=True)(chosen, y, C))
    with ProcessPoolExecutor(n_workers, get_context("spawn")) as pool:
        warm = time.perf_counter()
        list(pool.map(warm_process, range(4 * n_workers)))
        start = time.perf_counter()
        predictions = dask.compute(*ends, scheduler="processes", pool=pool)
        seconds = time.perf_counter() - start
    name = f"Dask graph, {n_workers} process(es)"
    return Outcome(name, seconds, n_unique(grid), list(predictions), start - warm)


def warm_process(number: int) -> int:
    import sklearn.feature_extraction.text
    import sklearn.feature_selection
    import sklearn.svm  # noqa: F401

    limit_threads(1)
    time.sleep(0.1)
    return number


def n_unique(grid: Grid) -> int:
    """Return how many steps differ."""
    points = np.array(grid.points, dtype=object)
    return sum(len({tuple(point[:n]) for point in points}) for n in (2, 3, 4))


def ours(grid: Grid, n_jobs: int, turn: int = 0) -> tuple[Outcome, float]:
    """Run the grid; also return the seconds that it could take at best."""
    name = f"{len(grid.points)}-{n_jobs}-{turn}"
    settings = Settings(
        grid.folder / f"r{name}", grid.folder / f"c{name}", n_jobs=n_jobs
    )
    start = time.perf_counter()
    warm_up(grid.study, settings)
    prepared = prepare(grid.study, settings)
    with ready_workers(settings, grid):
        started = time.perf_counter()
        running = run(prepared, settings)
        statuses = {event.record.status for event in running if event.record}
        seconds = time.perf_counter() - started
    assert statuses == {"ok"}, statuses
    ideal = best_seconds(grid, settings, n_jobs)
    codes = [scenario.code for scenario in grid.study.scenarios]
    folder = settings.results / prepared.board
    predictions = [read_predictions(folder / code).predicted.tolist() for code in codes]
    outcome = Outcome(
        f"rakuten-bench, {n_jobs} job(s)",
        seconds,
        len(prepared.plan.steps),
        predictions,
        started - start,
    )
    return outcome, ideal


@contextmanager
def ready_workers(settings: Settings, grid: Grid) -> Iterator[None]:
    """Wait for the workers; end them afterwards."""
    executor = open_local(
        settings.n_workers, settings.threads, find_preload(grid.study.scenarios)
    )
    for _ in range(4 * settings.n_workers):
        executor.ask(time.sleep, 0.05)
    yield
    close_kept()


def best_seconds(grid: Grid, settings: Settings, n_jobs: int) -> float:
    """Return what the steps take if nothing but them took time: work or longest way."""
    prepared = prepare(grid.study, settings)
    costs = open_costs(prepared)
    codes = list(prepared.plan.scenarios)
    schedule = Schedule(
        prepared.plan, codes, lambda key: False, lambda step: costs.of(step).seconds
    )
    return schedule.forecast(n_jobs)


def show(
    outcome: Outcome, ours: float, expected: list[list[int]], more: str = ""
) -> None:
    same = "" if outcome.predictions == expected else "  OTHER PREDICTIONS"
    start = f", {outcome.start_up:.1f} s to start" if outcome.start_up else ""
    print(
        f"{outcome.name:28} {outcome.seconds:7.2f} s  {outcome.n_steps:4d} steps  "
        f"{outcome.seconds / ours:5.2f} x ours{start}{more}{same}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    n_rows = parser.parse_args().rows
    folder = Path(tempfile.mkdtemp())
    limit_threads(1)
    jobs = [n for n in (1, 2) if n <= count_cores()]
    try:
        write_data(folder, n_rows)
        (folder / "bench_options.py").write_text(OPTIONS)
        load_file("bench_options", str(folder / "bench_options.py"))
        compare(Grid(folder, SHARED), jobs)
        compare_unshared(Grid(folder, ALONE))
    finally:
        close_kept()
        shutil.rmtree(folder)


def compare(grid: Grid, jobs: list[int]) -> None:
    print(
        f"{len(grid.points)} scenarios that share their first steps, {len(grid.X):,} rows"
    )
    plain = loop(grid)
    runs = {n: ours(grid, n) for n in jobs}
    best = min(outcome.seconds for outcome, _ in runs.values())
    for n, (outcome, ideal) in runs.items():
        efficiency = ideal / outcome.seconds
        possible, reached = plain.seconds / ideal, plain.seconds / outcome.seconds
        more = (
            f", {reached:.2f} of {possible:.2f} times the loop's speed: Amdahl "
            f"efficiency {efficiency:.3f} ({0.95 if n == 1 else 0.85} wanted)"
        )
        show(outcome, best, plain.predictions, more)
    others: list[Callable[[], Outcome]] = [
        lambda: plain,
        lambda: memory(grid),
        *(lambda n=n: dask_graph(grid, n) for n in jobs),
    ]
    for other in others:
        show(other(), best, plain.predictions)


def compare_unshared(grid: Grid) -> None:
    """Take turns, and the best of three each: this is about percents."""
    print(f"{len(grid.points)} scenarios that share nothing but their texts")
    turns = [(loop(grid), ours(grid, 1, turn)[0]) for turn in range(3)]
    plain = min((turn[0] for turn in turns), key=lambda one: one.seconds)
    outcome = min((turn[1] for turn in turns), key=lambda one: one.seconds)
    slower = outcome.seconds / plain.seconds - 1
    more = f", {slower:+.1%} against the loop (2 % allowed)"
    show(outcome, outcome.seconds, plain.predictions, more)
    show(plain, outcome.seconds, plain.predictions)


if __name__ == "__main__":
    main()
