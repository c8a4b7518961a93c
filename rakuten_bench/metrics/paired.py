"""Paired comparisons of scenarios on the same rows, adjusted for multiple testing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.metrics.confusion import Floats, confusion_matrix, score
from rakuten_bench.metrics.resample import N_DRAWS, interval, intervals, resample_rows
from rakuten_bench.types import Codes, Rows

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of scores between B and A on the same rows.

    Attributes
    ----------
    estimate, low, high : float
        Score of B minus score of A, and its 95 % interval.
    p_value : float
        Two-sided.
    """

    estimate: float
    low: float
    high: float
    p_value: float


def paired_difference(
    y_true: Codes,
    a: Codes,
    b: Codes,
    n_classes: int,
    metric: str,
    n_draws: int = N_DRAWS,
) -> Difference:
    """Compare two predictions of the same rows by a paired bootstrap.

    Parameters
    ----------
    y_true, a, b : int arrays of shape (n_rows,)
    metric : str
        A key of `METRICS`.
    """
    (difference,) = paired_differences(
        y_true, a[None], b[None], n_classes, metric, n_draws
    )
    return difference


def paired_differences(
    y_true: Codes,
    a: Codes,
    b: Codes,
    n_classes: int,
    metric: str,
    n_draws: int = N_DRAWS,
) -> list[Difference]:
    """Compare pairs of predictions, on the same resamples of the rows.

    Parameters
    ----------
    y_true : int array of shape (n_rows,)
    a, b : int arrays of shape (n_pairs, n_rows)
    metric : str
        A key of `METRICS`.
    """
    both = np.concatenate([a, b])
    draws = resample_rows(y_true, both, n_classes, [metric], n_draws)[metric]
    gains = draws[len(a) :] - draws[: len(a)]
    tables = np.stack([confusion_matrix(y_true, y, n_classes) for y in both])
    scores = score(tables, metric)
    estimates = scores[len(a) :] - scores[: len(a)]
    errors = np.std(gains, axis=1, ddof=1)
    discordant = np.count_nonzero((a == y_true) != (b == y_true), axis=1)
    p = p_values(estimates, errors, discordant)
    return [
        Difference(float(estimate), *interval(gain, estimate), float(p_value))
        for estimate, gain, p_value in zip(estimates, gains, p, strict=True)
    ]


def p_values(estimate: Floats, error: Floats, n_discordant: Rows) -> Floats:
    """Return two-sided p-values of differences with a continuity correction.

    For accuracy, estimate / error is McNemar's statistic without correction, which is
    anticonservative for few discordant rows: four rows that all got worse have
    p = .046, against .125 by the exact test. The correction (Edwards 1948) subtracts
    one over the square root of the number of discordant rows.

    Parameters
    ----------
    estimate, error : float64 arrays
        Differences and their standard errors.
    n_discordant : int array
        Rows that exactly one of the two predicts correctly.

    >>> p_values(np.array(4 / 400), np.array(2 / 400), np.array(4)).round(3)
    np.float64(0.134)
    """
    from scipy.special import ndtr

    size = np.divide(
        np.abs(estimate), error, out=np.zeros(np.shape(estimate)), where=error > 0
    )
    size = size - 1 / np.sqrt(np.maximum(n_discordant, 1))
    return np.asarray(2 * ndtr(-np.clip(size, 0, None)))[()]


def pairwise_p_values(
    y_true: Codes, predicted: Codes, scores: Floats, draws: Floats
) -> Floats:
    """Compare every scenario with every other one.

    Parameters
    ----------
    y_true : int array of shape (n_rows,)
    predicted : int array of shape (n_scenarios, n_rows)
    scores : float64 array of shape (n_scenarios,)
    draws : float64 array of shape (n_scenarios, n_draws)
        Of `resample_rows`.

    Returns
    -------
    float64 array of shape (n_scenarios, n_scenarios), symmetric, 1 on the diagonal
    """
    centered = draws - draws.mean(axis=1, keepdims=True)
    covariance = centered @ centered.T / (draws.shape[1] - 1)
    single = np.diag(covariance)
    variance = np.clip(single[:, None] + single[None, :] - 2 * covariance, 0, None)
    p = p_values(
        scores[:, None] - scores[None, :],
        np.sqrt(variance),
        count_discordant(y_true, predicted),
    )
    np.fill_diagonal(p, 1.0)
    return p


def count_discordant(
    y_true: Codes, predicted: Codes, chunk: int = 8192
) -> NDArray[np.int64]:
    """Count for each pair of scenarios the rows that exactly one predicts correctly."""
    both = np.zeros((len(predicted), len(predicted)))
    for start in range(0, len(y_true), chunk):
        rows = slice(start, start + chunk)
        right = (predicted[:, rows] == y_true[rows]).astype(np.float32)
        both += right @ right.T
    right_alone = np.diag(both)
    return np.rint(right_alone[:, None] + right_alone[None, :] - 2 * both).astype(
        np.int64
    )


def holm(p: Floats, n_tests: int | None = None) -> Floats:
    """Adjust p-values by Holm's method, which controls the family-wise error rate.

    Parameters
    ----------
    p : float array of shape (n,)
    n_tests : int, optional
        Size of the family, if more tests belong to it than `p` has; the others count
        as not rejected, which is conservative.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    left = (n_tests or len(p)) - np.arange(len(p))
    adjusted = np.minimum(np.maximum.accumulate(p[order] * left), 1.0)
    out = np.empty(len(p))
    out[order] = adjusted
    return out


def rank_groups(different: NDArray[np.bool_]) -> list[int]:
    """Group scenarios that do not differ significantly from the best of their group.

    The best scenario without a group starts one, which all later scenarios join that
    do not differ from it. Not differing is not transitive: members of a group may
    differ from each other, but never from its first.

    Parameters
    ----------
    different : bool array of shape (n, n)
        Whether two scenarios differ significantly, in the order of the ranks.

    >>> rank_groups(np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool))
    [1, 1, 2]
    """
    groups = np.zeros(len(different), dtype=np.int64)
    n_groups = 0
    for position in range(len(different)):
        if groups[position] == 0:
            n_groups += 1
            groups[(groups == 0) & ~different[position]] = n_groups
            groups[position] = n_groups
    return [int(group) for group in groups]


@dataclass(frozen=True, slots=True)
class Standing:
    """Intervals and pairwise tests of scenarios on the same rows, in input order.

    Attributes
    ----------
    intervals : dict of str to list of (low, high)
        For each metric, the 95 % interval of each scenario.
    p_values : float64 array of shape (n_scenarios, n_scenarios)
        Of the first metric's differences, adjusted by Holm over all pairs.
    """

    intervals: dict[str, list[tuple[float, float]]]
    p_values: Floats


def rank(
    y_true: Codes,
    predicted: Codes,
    n_classes: int,
    metrics: Sequence[str],
    n_family: int | None = None,
    random_state: int = 0,
) -> Standing:
    """Compute intervals of scenarios and compare all pairs.

    All pairs are one family: the best of many equal scenarios looks better than the
    worst of them, which a comparison with the leader alone would overlook.

    Parameters
    ----------
    y_true : int array of shape (n_rows,)
    predicted : int array of shape (n_scenarios, n_rows)
    n_classes : int
    metrics : sequence of str
        Keys of `METRICS`; pairs are compared by the first.
    n_family : int, optional
        Number of scenarios on the board, if only some of them are compared.
    """
    draws = resample_rows(
        y_true, predicted, n_classes, metrics, random_state=random_state
    )
    tables = [confusion_matrix(y_true, y, n_classes) for y in predicted]
    scores = {metric: score(np.stack(tables), metric) for metric in metrics}
    by_metric = {
        metric: [
            (float(low), float(high))
            for low, high in intervals(draws[metric], scores[metric])
        ]
        for metric in metrics
    }
    first = metrics[0]
    raw = pairwise_p_values(y_true, predicted, scores[first], draws[first])
    return Standing(by_metric, _adjust(raw, n_family or len(predicted)))


def _adjust(raw: Floats, n_family: int) -> Floats:
    """Adjust a symmetric matrix of p-values over all pairs of a family."""
    upper = np.triu_indices(len(raw), 1)
    adjusted = np.ones_like(raw)
    adjusted[upper] = holm(raw[upper], n_family * (n_family - 1) // 2)
    return np.minimum(adjusted, adjusted.T)


def pareto_front(scores: Sequence[float], costs: Sequence[float]) -> list[bool]:
    """Return which scenarios no other one beats in score at the same or a lower cost.

    >>> pareto_front([0.9, 0.8, 0.7], [10.0, 1.0, 2.0])
    [True, True, False]
    """
    best = -np.inf
    front = [False] * len(scores)
    for index in sorted(range(len(scores)), key=lambda i: (costs[i], -scores[i], i)):
        if scores[index] > best:
            best, front[index] = scores[index], True
    return front


def mcnemar(y_true: Codes, a: Codes, b: Codes) -> tuple[int, int, float]:
    """Test whether A and B err equally often (exact, two-sided).

    Returns
    -------
    only_a, only_b : int
        Rows that only A, and only B, predicts correctly.
    p_value : float

    Source: McNemar, Psychometrika 1947; the exact form is a sign test.

    >>> mcnemar(np.zeros(4), np.zeros(4), np.ones(4))
    (4, 0, 0.125)
    """
    from scipy.special import bdtr

    only_a = int(np.count_nonzero((a == y_true) & (b != y_true)))
    only_b = int(np.count_nonzero((a != y_true) & (b == y_true)))
    p_value = 2 * bdtr(min(only_a, only_b), only_a + only_b, 0.5)
    return only_a, only_b, min(1.0, float(p_value))
