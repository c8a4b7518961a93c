"""Steps that tune a model's parameters by inner cross-validation.

The features of the inner folds are computed once, before the search, for all
candidates. A search option is a generator that yields batches of candidates and is sent
their scores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rakuten_bench import metrics
from rakuten_bench.errors import UserError
from rakuten_bench.metric import DEFAULT_METRIC
from rakuten_bench.pipeline.fitting import decide, divide, fit, predict, take
from rakuten_bench.pipeline.kind import Predicting, Work
from rakuten_bench.pipeline.slot import known_target
from rakuten_bench.pipeline.table import hand_over
from rakuten_bench.registry import Choices, Dimension, Option
from rakuten_bench.scenario.space import read_space
from rakuten_bench.search.strategy import Strategy
from rakuten_bench.types import Classifier, Folded, Params, Prediction, Rows


@dataclass(frozen=True, slots=True)
class Inner:
    """An inner fold: features of both sides and the labels of its test rows."""

    folded: Folded
    y_test: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Parameters that were tried, with their scores or error."""

    params: Params
    scores: tuple[float, ...]
    seconds: float
    share: float
    error: str = ""

    @property
    def mean(self) -> float:
        """Mean score over the inner folds; nan for a failed candidate."""
        return float(np.mean(self.scores)) if self.scores else float("nan")

    def as_record(self) -> dict[str, object]:
        """Return plain values."""
        record: dict[str, object] = {
            "params": self.params,
            "score": None if self.error else self.mean,
            "scores": list(self.scores),
            "seconds": self.seconds,
        }
        if self.share != 1.0:
            record["share"] = self.share
        return record | ({"error": self.error} if self.error else {})


class Search(Predicting):
    """Selects a model's parameters on inner folds, and fits it with the best."""

    seconds = 20.0

    def run(self, work: Work) -> Prediction:
        """Return the prediction of the best candidate for the test rows."""
        folded = work.folded()
        start = time.perf_counter()
        estimator = _search(work, folded)
        seconds = time.perf_counter() - start
        return predict(estimator, folded, work.target.n_classes, fit_time=seconds)

    def fit(self, work: Work) -> tuple[Classifier, None]:
        """Return the best candidate, fitted on all training rows."""
        return _search(work, work.folded()), None


def _search(work: Work, folded: Folded) -> Classifier:
    inner, groups = divide_inner(work), work.target.groups
    return fit_search(work.options, work.params, folded, inner, work.given, groups)


def divide_inner(work: Work) -> list[Inner]:
    """Return the inner folds of a step, with features as the model gets them.

    Features of stateless steps come as one value for all rows and are divided here.
    """
    languages = work.slots.values.get("languages")
    folds = []
    for inner in work.slots.inner:
        target = known_target(inner.target)
        folded = divide(hand_over(work.option, inner.features), target, languages)
        folds.append(Inner(folded, target.y[folded.test_rows]))
    return folds


def fit_search(
    options: Sequence[Option],
    params: Sequence[Params],
    folded: Folded,
    inner: Sequence[Inner],
    given: Params,
    groups: Rows | None = None,
) -> Classifier:
    """Search, then fit the model with the best parameters on all training rows.

    Parameters
    ----------
    options : (search, model)
    params : (dict, dict)
    folded : Folded
        Features of the fold.
    inner : sequence of Inner
        Features of the folds inside its training rows.
    given : mapping
        Arguments from the harness.
    groups : int64 array, optional
        Group of every row of the data set.

    Returns
    -------
    fitted classifier
        With `details_` (best parameters, all candidates) and `notes_` (best values at
        an edge of the search space).

    Raises
    ------
    UserError
        If the space is empty or unknown, or every candidate failed.
    """
    search, model = options
    space = read_space(model, params[0].get("space"), params[1])
    scoring = params[0].get("scoring") or DEFAULT_METRIC  # set in the scenario file
    evaluate = _Evaluator(model, params[1], inner, given, scoring, groups)
    strategy = search.make(space, params=_strategy_params(params[0]), **given)
    candidates = run_strategy(strategy, evaluate)
    best = choose(candidates)
    estimator = model.make(params={**params[1], **best.params}, **given)
    fit(estimator, folded, groups)
    estimator.details_ = {
        **getattr(estimator, "details_", {}),
        **_describe(candidates, best, scoring),
    }
    estimator.notes_ = (*getattr(estimator, "notes_", ()), *_edge_notes(best, space))
    return estimator


def _describe(
    candidates: Sequence[Candidate], best: Candidate, scoring: str
) -> dict[str, Any]:
    """Return what a record keeps of a search."""
    return {
        "best_params": best.params,
        "best_score": best.mean,
        "scoring": scoring,
        "candidates": [candidate.as_record() for candidate in candidates],
    }


def _edge_notes(best: Candidate, space: Mapping[str, Dimension]) -> Iterator[str]:
    """Yield notes on best values at an edge of the search space."""
    for name, value in best.params.items():
        if note := edge_note(name, value, space[name]):
            yield note


def _strategy_params(params: Params) -> Params:
    """Return the parameters that are passed on to the strategy."""
    return {name: value for name, value in params.items() if name not in _STEP_PARAMS}


#: Parameters that the step uses itself.
_STEP_PARAMS = frozenset({"space", "scoring", "cv"})


def run_strategy(
    strategy: Strategy, evaluate: Callable[[Params, float], Candidate]
) -> list[Candidate]:
    """Score the candidates of a strategy until it ends."""
    candidates: list[Candidate] = []
    scores: list[float] | None = None
    while True:
        try:
            batch = strategy.send(scores) if scores is not None else next(strategy)
        except StopIteration:
            return candidates
        scored = [evaluate(params, batch.share) for params in batch.candidates]
        candidates += scored
        scores = [candidate.mean for candidate in scored]


def choose(candidates: Sequence[Candidate]) -> Candidate:
    """Return the best candidate of those with the most training rows, the first in a tie.

    Raises
    ------
    UserError
        If every candidate failed; with the first error.
    """
    largest = max((candidate.share for candidate in candidates), default=0.0)
    eligible = [c for c in candidates if c.share == largest and not c.error]
    if not eligible:
        error = next((c.error for c in candidates if c.error), "the space is empty")
        message = f"search: every candidate failed; the first error: {error}"
        raise UserError(message)
    return max(eligible, key=lambda candidate: candidate.mean)


class _Evaluator:
    """Fits and scores one candidate on every inner fold."""

    def __init__(
        self,
        model: Option,
        params: Params,
        inner: Sequence[Inner],
        given: Params,
        scoring: str,
        groups: Rows | None = None,
    ) -> None:
        self.groups = groups
        self.model = model
        self.params = params
        self.given = dict(given)
        self.scoring = scoring
        self.inner = inner

    def __call__(self, params: Params, share: float) -> Candidate:
        start = time.perf_counter()
        scores: list[float] = []
        error = ""
        try:
            scores = [self._score(params, fold, share) for fold in self.inner]
        except (ValueError, ArithmeticError, UserError) as problem:
            scores, error = (
                [],
                f"{type(problem).__name__}: {problem}".partition("\n")[0],
            )
        seconds = time.perf_counter() - start
        return Candidate(params, tuple(scores), seconds, share, error)

    def _score(self, params: Params, fold: Inner, share: float) -> float:
        folded = shrink(fold.folded, share, self.given["random_state"])
        estimator = self.model.make(params={**self.params, **params}, **self.given)
        fit(estimator, folded, self.groups)
        n_classes = self.given["n_classes"]
        predicted, _ = decide(estimator, folded.test, n_classes)
        matrix = metrics.confusion_matrix(fold.y_test, predicted, n_classes)
        return float(metrics.scores(matrix)[self.scoring])


def shrink(folded: Folded, share: float, random_state: int) -> Folded:
    """Return the fold with a sample of its training rows, the same for all candidates.

    Every class keeps at least one row.
    """
    if share >= 1.0:
        return folded
    generator = np.random.default_rng(random_state)
    order = generator.permutation(len(folded.y))
    first = order[np.unique(folded.y[order], return_index=True)[1]]
    n_rows = max(len(first), round(share * len(folded.y)))
    others = order[~np.isin(order, first)][: n_rows - len(first)]
    rows = np.sort(np.concatenate([first, others]))
    return replace(
        folded,
        train=take(folded.train, rows),
        y=folded.y[rows],
        train_rows=folded.train_rows[rows],
    )


def edge_note(name: str, value: Any, dimension: Dimension) -> str:
    """Return a note if a best value lies at an edge of the search space, else ""."""
    if isinstance(dimension, Choices):
        numbers = [v for v in dimension.values if isinstance(v, int | float)]
        numbers = [v for v in numbers if not isinstance(v, bool)]
        if len(numbers) < len(dimension.values) or len(numbers) < 2:
            return ""
        low, high, margin = min(numbers), max(numbers), 0.0
    else:
        low, high, margin = dimension.low, dimension.high, _EDGE
    position = _rescale(float(value), low, high, log=getattr(dimension, "log", False))
    if margin < position < 1 - margin:
        return ""
    side = "lower" if position <= margin else "upper"
    return (
        f"search: the best {name}={value:.4g} is at the {side} edge of its search space"
    )


#: Share of a range that counts as its edge.
_EDGE = 0.05


def _rescale(value: float, low: float, high: float, *, log: bool) -> float:
    """Return the position of a value between 0 (low) and 1 (high)."""
    if log:
        value, low, high = np.log(value), np.log(low), np.log(high)
    return float((value - low) / (high - low))


KIND = Search()
