"""Effects of levers: mean differences with everything else equal.

Scenarios that differ in one lever only form a *context*; within it, an option is
compared with the mean of the others. Its effect is the mean over all contexts. An option
that few contexts have (such as a baseline that ran once) is compared with the others,
but the others are not compared with it: it would bias that one context. The interval
covers two sources of uncertainty: the test rows (paired bootstrap of all scenarios at
once) and the contexts, over which the difference varies; their variances add up, with
Satterthwaite's degrees of freedom (1946) for the few contexts.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rakuten_bench import metrics
from rakuten_bench.report.board import Ranking
from rakuten_bench.report.paired import load_answers, one_blas_thread
from rakuten_bench.wording.words import all_words

Floats = NDArray[np.float64]

_DRAWS = 400  # for standard errors alone
_STRONGEST = 10


@dataclass(frozen=True, slots=True)
class Effect:
    """Effect of an option compared with the others of its lever.

    Attributes
    ----------
    lever, option : str
        The option with its parameters, as shown on the board.
    estimate, low, high : float
        Mean difference of the score, and its 95 % interval.
    n_pairs : int
        Pairs of scenarios that differ in this lever only.
    wins : float
        Share of contexts where no other option is better.
    in_best : float or None
        What the best scenario that also ran with other options of the lever would lose
        with this one, everything else equal; 0 for its best option, None if that
        scenario did not run.
    """

    lever: str
    option: str
    estimate: float
    low: float
    high: float
    n_pairs: int
    wins: float
    in_best: float | None


@dataclass(frozen=True, slots=True)
class Interaction:
    """How much the effect of one choice depends on another.

    Attributes
    ----------
    first, second : (lever, option, other option)
    estimate, low, high : float
        Gain of the first choice with the second's option, minus its gain with the
        second's other option.
    n_quads : int
        Sets of four scenarios with everything else equal.
    """

    first: tuple[str, str, str]
    second: tuple[str, str, str]
    estimate: float
    low: float
    high: float
    n_quads: int


@dataclass(frozen=True, slots=True)
class Effects:
    """Lever effects of a board.

    Attributes
    ----------
    effects : tuple of Effect
        The lever with the widest spread first, the best option first.
    interactions : tuple of Interaction
        Those whose interval excludes 0, sorted by the bound nearer to 0, largest
        first.
    """

    effects: tuple[Effect, ...]
    interactions: tuple[Interaction, ...]


def lever_effects(board: Ranking) -> Effects:
    """Estimate the effect of every lever that varies over a board."""
    entries = board.entries
    words = [all_words(entry.row) for entry in entries]
    scores = np.array([entry.scores[board.metric] for entry in entries])
    return estimate_effects(words, scores, _draw(board))


def _draw(board: Ranking) -> Floats | None:
    """Return scores in resamples of the rows; None if predictions are missing."""
    answers, first = load_answers(board, board.entries)
    if first is None or len(answers) < len(board.entries):
        return None
    predicted = np.stack([answers[entry.code] for entry in board.entries])
    with one_blas_thread():
        return metrics.resample_rows(
            first.true, predicted, len(first.classes), [board.metric], _DRAWS
        )[board.metric]


def estimate_effects(
    words: Sequence[Mapping[str, str]], scores: Floats, draws: Floats | None = None
) -> Effects:
    """Estimate main effects and two-way interactions.

    Parameters
    ----------
    words : sequence of n_scenarios mappings from lever to option
    scores : float64 array of shape (n_scenarios,)
    draws : float64 array of shape (n_scenarios, n_draws), optional
        The same scores in resamples of the test rows; without them the interval covers
        the contexts only.
    """
    matrix = _Matrix(words, scores, draws)
    effects = [effect for lever in matrix.levers for effect in _main(matrix, lever)]
    spread = {
        lever: np.ptp([e.estimate for e in effects if e.lever == lever])
        for lever in {effect.lever for effect in effects}
    }
    effects.sort(key=lambda e: (-spread[e.lever], e.lever, -e.estimate, e.option))
    pairs = itertools.combinations(matrix.levers, 2)
    found = [i for pair in pairs for i in _interactions(matrix, *pair)]
    sure = [i for i in found if i.low > 0 or i.high < 0]
    sure.sort(key=lambda i: (-max(i.low, -i.high), i.first, i.second))
    return Effects(tuple(effects), tuple(sure[:_STRONGEST]))


@dataclass(frozen=True, slots=True)
class Spread:
    """Variance of a difference between contexts, with its degrees of freedom."""

    variance: float
    freedom: int

    @classmethod
    def of(cls, samples: Iterable[Floats]) -> Spread:
        """Pool the variance of several samples, each about its own mean."""
        squares, freedom = 0.0, 0
        for sample in samples:
            squares += float(((sample - sample.mean()) ** 2).sum())
            freedom += len(sample) - 1
        return cls(squares / freedom if freedom else 0.0, freedom)


class _Matrix:
    """Scenarios as points of a grid: one axis per varying lever."""

    def __init__(
        self,
        words: Sequence[Mapping[str, str]],
        scores: Floats,
        draws: Floats | None,
    ) -> None:
        names: dict[str, None] = {}
        for one in words:
            names.update(dict.fromkeys(one))
        self.points = [tuple(one.get(name, "") for name in names) for one in words]
        self.axis = {name: place for place, name in enumerate(names)}
        self.levers = [
            name
            for name, k in self.axis.items()
            if len({p[k] for p in self.points}) > 1
        ]
        self.number = {point: number for number, point in enumerate(self.points)}
        self.scores = scores
        noise = np.zeros((len(scores), 1)) if draws is None else draws
        self.noise = noise - noise.mean(axis=1, keepdims=True)

    def options(self, lever: str) -> list[str]:
        """Return the options of a lever, the best on average first."""
        axis = self.axis[lever]
        scores: dict[str, list[float]] = defaultdict(list)
        for point, score in zip(self.points, self.scores.tolist(), strict=True):
            scores[point[axis]].append(score)
        return sorted(scores, key=lambda option: (-np.mean(scores[option]), option))

    def contexts(self, *levers: str) -> list[dict[tuple[str, ...], int]]:
        """Group scenarios that are equal but for some levers.

        Returns
        -------
        list of dict from the options of `levers` to the number of a scenario
        """
        axes = [self.axis[lever] for lever in levers]
        groups: dict[tuple[str, ...], dict[tuple[str, ...], int]] = defaultdict(dict)
        for number, point in enumerate(self.points):
            rest = tuple(v for k, v in enumerate(point) if k not in axes)
            groups[rest][tuple(point[k] for k in axes)] = number
        return [group for group in groups.values() if len(group) > 1]

    def values(self, contrasts: Sequence[Mapping[int, float]]) -> Floats:
        """Return the value of each contrast of scores.

        Parameters
        ----------
        contrasts : sequence of mappings from a scenario's number to its weight
        """
        return np.array(
            [sum(w * self.scores[row] for row, w in one.items()) for one in contrasts]
        )

    def estimate(
        self, contrasts: Sequence[Mapping[int, float]], spread: Spread
    ) -> tuple[float, float, float]:
        """Return the mean of contrasts and its interval.

        Parameters
        ----------
        contrasts : as for `values`
        spread : Spread
            How much a contrast varies from one context to the next.
        """
        from scipy.special import stdtrit

        n = len(contrasts)
        weights = np.zeros(len(self.scores))
        for row, weight in itertools.chain(*(one.items() for one in contrasts)):
            weights[row] += weight / n
        rows, contexts = float(np.var(weights @ self.noise)), spread.variance / n
        freedom = np.inf
        if contexts > 0:
            freedom = (rows + contexts) ** 2 * spread.freedom / contexts**2
        reach = float(stdtrit(min(freedom, 1e9), 0.975) * np.sqrt(rows + contexts))
        mean = float(self.values(contrasts).mean())
        return mean, mean - reach, mean + reach

    def in_best(self, best: int, lever: str, option: str) -> float | None:
        """Return the change of a scenario's score with another option."""
        point = list(self.points[best])
        point[self.axis[lever]] = option
        number = self.number.get(tuple(point))
        return (
            None if number is None else float(self.scores[number] - self.scores[best])
        )


Context = Mapping[tuple[str, ...], int]


def _main(matrix: _Matrix, lever: str) -> list[Effect]:
    """Estimate the effect of each option of a lever that occurs in a comparison."""
    contexts = matrix.contexts(lever)
    if not contexts:
        return []
    usual = _usual(contexts)
    contrasts = {
        option: [_against(c, option, usual) for c in contexts if (option,) in c]
        for option in sorted({key[0] for context in contexts for key in context})
    }
    pooled = Spread.of(matrix.values(found) for found in contrasts.values())
    best = max(
        {row for context in contexts for row in context.values()},
        key=lambda row: (matrix.scores[row], -row),
    )
    return [
        _effect(matrix, contexts, (lever, option), found, pooled, best)
        for option, found in contrasts.items()
    ]


def _effect(
    matrix: _Matrix,
    contexts: Sequence[Context],
    choice: tuple[str, str],
    contrasts: Sequence[Mapping[int, float]],
    pooled: Spread,
    best: int,
) -> Effect:
    """Return the effect of one option; one context alone takes the others' spread."""
    lever, option = choice
    own = Spread.of([matrix.values(contrasts)])
    estimate, low, high = matrix.estimate(contrasts, own if own.freedom else pooled)
    won = [_wins(matrix, c, option) for c in contexts if (option,) in c]
    return Effect(
        lever=lever,
        option=option,
        estimate=estimate,
        low=low,
        high=high,
        n_pairs=sum(len(one) - 1 for one in contrasts),
        wins=float(np.mean(won)),
        in_best=matrix.in_best(best, lever, option),
    )


def _usual(contexts: Sequence[Context]) -> set[str]:
    """Return the options with at least half the contexts of the most frequent one."""
    counts = Counter(key[0] for context in contexts for key in context)
    most = max(counts.values())
    return {option for option, count in counts.items() if 2 * count >= most}


def _against(context: Context, option: str, usual: set[str]) -> dict[int, float]:
    """Weigh a context's scenarios: the option less the mean of the usual others."""
    others = {key[0]: row for key, row in context.items() if key[0] != option}
    chosen = {name: row for name, row in others.items() if name in usual} or others
    weights = dict.fromkeys(chosen.values(), -1.0 / len(chosen))
    return {context[(option,)]: 1.0, **weights}


def _wins(matrix: _Matrix, context: Context, option: str) -> bool:
    best = max(matrix.scores[number] for number in context.values())
    return bool(matrix.scores[context[(option,)]] >= best)


Choices = tuple[str, str, str]


def _interactions(matrix: _Matrix, first: str, second: str) -> list[Interaction]:
    """Estimate every interaction of two levers with four comparable scenarios.

    Each has few contexts, too few to estimate their spread: the spread is pooled over
    all interactions of the two levers.
    """
    quads = dict(_quads(matrix, first, second))
    spread = Spread.of(matrix.values(contrasts) for contrasts in quads.values())
    return [
        Interaction(*choices, *matrix.estimate(contrasts, spread), len(contrasts))
        for choices, contrasts in quads.items()
    ]


def _quads(
    matrix: _Matrix, first: str, second: str
) -> Iterator[tuple[tuple[Choices, Choices], list[dict[int, float]]]]:
    """Yield pairs of choices and the contrasts that show how they act together."""
    contexts = matrix.contexts(first, second)
    pairs = [
        list(itertools.combinations(matrix.options(lever), 2))
        for lever in (first, second)
    ]
    for (a, b), (c, d) in itertools.product(*pairs):
        corners = {(a, c): 1.0, (a, d): -1.0, (b, c): -1.0, (b, d): 1.0}
        contrasts = [
            {context[key]: weight for key, weight in corners.items()}
            for context in contexts
            if corners.keys() <= context.keys()
        ]
        if contrasts:
            yield ((first, a, b), (second, c, d)), contrasts
