"""Time saved by sharing steps: one grid, run by us and by alternatives.

All contenders use the same scikit-learn classes on the same rows and must give the same
predictions; only the sharing differs. Peers: a plain loop over pipelines, scikit-learn's
`Pipeline(memory=...)`, and a Dask graph, which computes each named task once. Prints
seconds, computed steps, the ratio of each peer's seconds to ours with the same number of
processes, and our share of the possible speed-up (Amdahl): the distinct steps are timed
in separate processes that do nothing else, as many in parallel as are compared, since
cores share memory and cache. Where single percents matter, both run in interleaved
slices of a fraction of a second (`race.py`), since the speed of a machine varies.

Seconds exclude start-up, which does not grow with the grid and is printed separately
(ours: workers that import scikit-learn). "at work" is the share of our processes' time
spent in the options' code.

    python bench/sharing.py [--rows 20000]
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from race import Span, mean_ratio, race

from rakuten_bench.cores import count_cores
from rakuten_bench.engine import Run, Settings, prepare, warm_up
from rakuten_bench.engine.prepare import Prepared
from rakuten_bench.executor.backend import find_default_pool
from rakuten_bench.executor.pooled import close_kept, keep_pool
from rakuten_bench.executor.preload import find_preload, load_file
from rakuten_bench.executor.thread import limit_threads
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
N_TURNS = 5
N_UNSHARED = 12  # races, for a precision of single percents
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
    """Scenarios and rows that all contenders use."""

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
    """Time and predictions of one contender."""

    name: str
    span: Span
    n_steps: int
    predictions: list[list[int]]
    start_up: float = 0.0
    at_work: float = 0.0

    @property
    def seconds(self) -> float:
        return self.span[1] - self.span[0]


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


def alone(function: Callable[[Grid], Any], grid: Grid, n: int = 1) -> list[Any]:
    """Call a function in n new processes in parallel, after their imports.

    Ours are new, too; memory that a process has used before would be faster.
    """
    with ProcessPoolExecutor(n, get_context("spawn")) as pool:
        list(pool.map(warm_process, range(4 * n)))
        return list(pool.map(function, [grid] * n))


def loop(grid: Grid) -> Outcome:
    """Fit every pipeline, starting from the texts."""
    start = time.monotonic()
    predictions = [
        pipeline(point).fit(grid.X, grid.y).predict(grid.X_test).tolist()
        for point in grid.points
    ]
    span = start, time.monotonic()
    return Outcome("plain loop", span, 3 * len(grid.points), predictions)


def memory(grid: Grid) -> Outcome:
    """Fit pipelines that cache fitted transformers in a folder."""
    folder = grid.folder / f"memory-{time.time_ns()}"
    start = time.monotonic()
    predictions = [
        pipeline(point, str(folder)).fit(grid.X, grid.y).predict(grid.X_test).tolist()
        for point in grid.points
    ]
    span = start, time.monotonic()
    n_steps = len(list(folder.rglob("output.pkl"))) + len(grid.points)
    return Outcome("Pipeline(memory=...)", span, n_steps, predictions)


def weigh(X: Any, X_test: Any, sublinear_tf: bool, max_df: float) -> Any:
    model = pipeline((sublinear_tf, max_df, 1, 1.0))[0]
    return model.fit_transform(X), model.transform(X_test)


def choose(features: Any, y: Any, k: int) -> Any:
    model = pipeline((False, 1.0, k, 1.0))[1]
    return model.fit_transform(features[0], y), model.transform(features[1])


def learn(features: Any, y: Any, C: float) -> list[int]:
    model = pipeline((False, 1.0, 1, C))[2]
    predicted: list[int] = model.fit(features[0], y).predict(features[1]).tolist()
    return predicted


def dask_graph(grid: Grid, n_workers: int) -> Outcome:
    """Compute a graph of delayed calls with a process pool."""
    import dask
    from dask import delayed

    X, X_test, y = delayed(grid.X), delayed(grid.X_test), delayed(grid.y)
    ends = []
    for sublinear_tf, max_df, k, C in grid.points:
        features = delayed(weigh, pure=True)(X, X_test, sublinear_tf, max_df)
        chosen = delayed(choose, pure=True)(features, y, k)
        ends.append(delayed(learn, pure=True)(chosen, y, C))
    with ProcessPoolExecutor(n_workers, get_context("spawn")) as pool:
        warm = time.monotonic()
        list(pool.map(warm_process, range(4 * n_workers)))
        start = time.monotonic()
        predictions = dask.compute(*ends, scheduler="processes", pool=pool)
        span = start, time.monotonic()
    name = f"Dask graph, {n_workers} process(es)"
    return Outcome(name, span, n_unique(grid), list(predictions), start - warm)


def warm_process(number: int) -> int:
    import sklearn.feature_extraction.text
    import sklearn.feature_selection
    import sklearn.svm  # noqa: F401

    limit_threads(1)
    time.sleep(0.1)
    return number


def n_unique(grid: Grid) -> int:
    """Return the number of distinct steps."""
    points = np.array(grid.points, dtype=object)
    return sum(len({tuple(point[:n]) for point in points}) for n in (2, 3, 4))


def ours(grid: Grid, n_jobs: int, ready: Callable[[], None] = lambda: None) -> Outcome:
    """Run the grid; call `ready` before the timed part."""
    folder = Path(tempfile.mkdtemp(dir=grid.folder))
    settings = Settings(folder / "results", folder / "cache", n_jobs=n_jobs)
    warm = time.monotonic()
    starting = warm_up(grid.study, settings)
    prepared = prepare(grid.study, settings)
    with ready_workers(settings, grid):
        start_up = time.monotonic() - warm
        ready()
        start = time.monotonic()
        events = Run(prepared, settings, starting).events()
        statuses = {event.record.status for event in events if event.record}
        span = start, time.monotonic()
    assert statuses == {"ok"}, statuses
    codes = [scenario.code for scenario in grid.study.scenarios]
    board = settings.results / prepared.board
    predictions = [read_predictions(board / code).predicted.tolist() for code in codes]
    return Outcome(
        f"rakuten-bench, {n_jobs} job(s)",
        span,
        len(prepared.plan.steps),
        predictions,
        start_up,
        sum_facts(prepared) / (span[1] - span[0]) / n_jobs,
    )


def sum_facts(prepared: Prepared) -> float:
    """Return the seconds spent in the options' code, as stored in the cache."""
    all_facts = map(prepared.store.facts, prepared.plan.steps)
    return sum(facts.seconds for facts in all_facts if facts)


@contextmanager
def ready_workers(settings: Settings, grid: Grid) -> Iterator[None]:
    """Start the workers; stop them afterwards."""
    pool = keep_pool(
        find_default_pool(),
        settings.n_workers,
        settings.threads,
        find_preload(grid.study.scenarios),
    )
    for _ in range(4 * settings.n_workers):
        pool.submit(time.sleep, 0.05).result()
    yield
    close_kept()


def distinct_steps(grid: Grid) -> Span:
    """Compute each distinct step once, in this process, without a harness."""
    results: dict[tuple[Any, ...], Any] = {(): (grid.X, grid.X_test)}
    start = time.monotonic()
    for point in grid.points:
        for n in (2, 3, 4):
            if point[:n] not in results:
                before = point[: n - 1] if n > 2 else ()
                results[point[:n]] = _step(grid, point[:n], results[before])
    return start, time.monotonic()


def _step(grid: Grid, point: tuple[Any, ...], features: Any) -> Any:
    if len(point) == 2:
        return weigh(*features, *point)
    if len(point) == 3:
        return choose(features, grid.y, point[-1])
    return learn(features, grid.y, point[-1])


def show(outcome: Outcome, ours: Outcome, more: str = "") -> None:
    same = outcome.predictions == ours.predictions
    other = "" if same else "  DIFFERENT PREDICTIONS"
    start = f", {outcome.start_up:.1f} s start-up" if outcome.start_up else ""
    print(
        f"{outcome.name:28} {outcome.seconds:7.2f} s  {outcome.n_steps:4d} steps  "
        f"{outcome.seconds / ours.seconds:5.2f} x ours{start}{more}{other}",
        flush=True,
    )


def typical(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome with the median time."""
    return sorted(outcomes, key=lambda outcome: outcome.seconds)[len(outcomes) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    n_rows = parser.parse_args().rows
    folder = Path(tempfile.mkdtemp())
    limit_threads(1)
    jobs = [n for n in (1, 2) if n <= count_cores()]
    try:
        write_data(folder, n_rows)
        (folder / "bench_options.py").write_text(OPTIONS)
        load_options(folder)
        compare(Grid(folder, SHARED), jobs)
        compare_unshared(Grid(folder, ALONE))
    finally:
        close_kept()
        shutil.rmtree(folder)


def compare(grid: Grid, jobs: list[int]) -> None:
    """Compare with peers that use the same number of processes."""
    print(
        f"{len(grid.points)} scenarios that share their first steps, {len(grid.X):,} rows"
    )
    plain = typical([outcome for _ in range(3) for outcome in alone(loop, grid)])
    for n in jobs:
        races = [race_steps(grid, n) for _ in range(N_TURNS)]
        ideals, owns = zip(*races, strict=True)
        efficiency, error = mean_ratio(ideals, owns)
        print(
            f"{n} process(es): {np.median(owns):.2f} s, the distinct steps alone "
            f"{np.median(ideals):.2f} s: Amdahl efficiency {efficiency:.3f} (standard "
            f"error {error:.3f}, target {0.95 if n == 1 else 0.85})"
        )
        result = typical([ours(grid, n) for _ in range(3)])
        show(result, result, f", {result.at_work:.1%} at work")
        if n == 1:
            show(plain, result)
            show(*alone(memory, grid), result)
        show(dask_graph(grid, n), result)


def race_steps(grid: Grid, n: int) -> tuple[float, float]:
    """Return the lower bound of seconds in n processes, and our seconds.

    For the bound, n parallel processes compute all distinct steps each: their mean time
    over n is that of a perfect division without waiting.
    """
    plain, ours_run = race(
        partial(steps_beside, grid, n), partial(ours_beside, grid, n)
    )
    totals = [plain.seconds(span) for span in plain.result]
    return float(np.mean(totals)) / n, ours_run.seconds(ours_run.result.span)


def compare_unshared(grid: Grid) -> None:
    """Compare with the plain loop on a grid without shared steps."""
    print(f"{len(grid.points)} scenarios that share only their texts")
    plains, owns = [], []
    for _ in range(N_UNSHARED):
        plain, ours_run = race(
            partial(loop_beside, grid), partial(ours_beside, grid, 1)
        )
        assert plain.result.predictions == ours_run.result.predictions
        plains.append(plain.seconds(plain.result.span))
        owns.append(ours_run.seconds(ours_run.result.span))
    ratio, error = mean_ratio(owns, plains)
    print(
        f"1 process: {np.median(owns):.2f} s, plain loop {np.median(plains):.2f} s: "
        f"{ratio - 1:+.1%} (standard error {error:.1%}, limit 2 %)"
    )


def ours_beside(grid: Grid, n: int, ready: Callable[[], None]) -> Outcome:
    load_options(grid.folder)
    return ours(grid, n, ready)


def loop_beside(grid: Grid, ready: Callable[[], None]) -> Outcome:
    warm_process(0)
    ready()
    return loop(grid)


def steps_beside(grid: Grid, n: int, ready: Callable[[], None]) -> list[Span]:
    with ProcessPoolExecutor(n, get_context("spawn")) as pool:
        list(pool.map(warm_process, range(4 * n)))
        ready()
        return list(pool.map(distinct_steps, [grid] * n))


def load_options(folder: Path) -> None:
    load_file("bench_options", str(folder / "bench_options.py"))


if __name__ == "__main__":
    main()
