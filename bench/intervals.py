"""Coverage of intervals, false positives among equal scenarios, time of a large board.

Simulates boards with known true scores. Each board has its own population confusion
matrix, which determines the true score; scenarios draw their predictions from it, with
correlated errors, as models of one data set have. Prints the coverage of the intervals,
for one split and for five folds whose models differ slightly; the share of boards of
equal scenarios with a significant difference; and the seconds of a board of 1,000
scenarios with 17,000 test rows.

Five folds have two true scores: of the five fitted models, and of the learner, as the
mean over all models that it could have fitted. Coverage is printed for both, beside that
of the usual t interval over fold scores.

    python bench/intervals.py [--draws 500]
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np
from scipy.special import stdtrit
from threadpoolctl import threadpool_limits

from rakuten_bench import metrics

SIZES = ((380, 9), (380, 27), (1050, 7), (4000, 27), (17000, 27))


def population(rng, n_classes, accuracy=0.8):
    """Return the joint distribution of true and predicted class, uneven in both."""
    right = np.clip(rng.normal(accuracy, 0.1, n_classes), 0.3, 0.98)
    wrong = rng.dirichlet(np.full(n_classes, 0.15), size=n_classes)
    given = wrong * (1 - right)[:, None] + np.diag(right)
    return given * rng.dirichlet(np.full(n_classes, 3.0))[:, None]


def draw_board(rng, joint, n_rows, n_scenarios, own=0.3):
    """Draw true labels and the predictions of equally good scenarios.

    A share `own` of each scenario's predictions is independent; the rest is common.
    """
    n_classes = len(joint)
    shares = joint.sum(axis=1)
    y_true = rng.choice(n_classes, n_rows, p=shares / shares.sum())
    steps = np.cumsum(joint / shares[:, None], axis=1)
    common = rng.random(n_rows)
    predictions = []
    for _ in range(n_scenarios):
        quantile = np.where(rng.random(n_rows) < own, rng.random(n_rows), common)
        above = quantile[:, None] > steps[y_true]
        predictions.append(np.minimum(above.sum(axis=1), n_classes - 1))
    return y_true, np.array(predictions)


def coverage(rng, n_rows, n_classes, metric, n_boards):
    n_covered = 0
    for board in range(n_boards):
        joint = population(rng, n_classes)
        confusion = draw_confusion(rng, joint, n_rows)
        low, high = row_interval(confusion, metric, board)
        n_covered += low <= metrics.score(joint, metric) <= high
    return n_covered / n_boards


def draw_confusion(rng, joint, n_rows):
    cells = rng.multinomial(n_rows, joint.ravel() / joint.sum())
    return cells.reshape(joint.shape)


def row_interval(confusion, metric, board):
    cells = np.indices(confusion.shape).reshape(2, -1)
    y_true, predicted = np.repeat(cells, confusion.ravel(), axis=1)
    draws = metrics.resample_rows(
        y_true, predicted[None], len(confusion), [metric], random_state=board
    )[metric][0]
    return metrics.interval(draws, metrics.score(confusion, metric))


def fold_coverage(rng, n_rows, n_classes, metric, n_boards, n_folds=5):
    """Evaluate two intervals of a k-fold score: over rows, and over fold scores.

    Returns
    -------
    array of shape (2, 3)
        For each interval: coverage of the five models' score, coverage of the
        learner's, and mean width.
    """
    cells = []
    for board in range(n_boards):
        joint = population(rng, n_classes)
        joints = fold_populations(rng, joint, n_folds)
        fitted = metrics.score(joints.mean(axis=0), metric)
        learner = metrics.score(fold_populations(rng, joint, 200), metric).mean()
        folds = np.stack([draw_confusion(rng, j, n_rows // n_folds) for j in joints])
        rows = row_interval(folds.sum(axis=0), metric, board)
        each = metrics.score(folds, metric)
        reach = stdtrit(n_folds - 1, 0.975) * each.std(ddof=1) / np.sqrt(n_folds)
        spread = each.mean() - reach, each.mean() + reach
        for low, high in (rows, spread):
            cells += [low <= fitted <= high, low <= learner <= high, high - low]
    return np.mean(np.reshape(cells, (n_boards, 2, 3)), axis=0)


def fold_populations(rng, joint, n_models):
    """Return populations of similar models whose class recalls vary slightly."""
    n_classes = len(joint)
    right = np.eye(n_classes, dtype=bool)
    shares = joint.sum(axis=1, keepdims=True)
    out = []
    for _ in range(n_models):
        noise = rng.normal(0, 0.02, n_classes)
        hit = np.clip(joint[right] / shares[:, 0] + noise, 0.02, 0.99)
        wrong = np.where(right, 0, joint)
        wrong = wrong / wrong.sum(axis=1, keepdims=True) * (1 - hit)[:, None]
        out.append((wrong + np.diag(hit)) * shares)
    return np.stack(out)


def false_claims(rng, n_rows, n_classes, metric, n_scenarios, n_boards):
    claims = 0
    for board in range(n_boards):
        joint = population(rng, n_classes)
        y_true, predicted = draw_board(rng, joint, n_rows, n_scenarios)
        standing = metrics.rank(
            y_true, predicted, n_classes, [metric], random_state=board
        )
        claims += bool((standing.p_values < metrics.ALPHA).any())
    return claims / n_boards


def large_board(rng, n_scenarios=1000, n_rows=17000, n_classes=27):
    y_true, predicted = draw_board(
        rng, population(rng, n_classes), n_rows, n_scenarios, own=0.12
    )
    start, busy = time.perf_counter(), time.process_time()
    with threadpool_limits(1, "blas"):  # as the report does
        metrics.rank(y_true, predicted.astype(np.int32), n_classes, ["f1_weighted"])
    return time.perf_counter() - start, time.process_time() - busy


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=500)
    n_boards = parser.parse_args().draws
    rng = np.random.default_rng(0)
    error = 1.96 * np.sqrt(0.05 * 0.95 / n_boards)
    print(f"{n_boards} boards each; a share's sampling error is {error:.3f}\n")
    print("rows   classes  metric       coverage of the 95 % interval")
    for n_rows, n_classes in SIZES:
        for metric in ("f1_weighted", "f1_macro"):
            share = coverage(rng, n_rows, n_classes, metric, n_boards)
            print(f"{n_rows:<7}{n_classes:<9}{metric:<13}{share:.3f}", flush=True)
    print("\n5 folds: coverage of the five models' score, of the learner's; mean width")
    print(f"{'rows   classes  metric':29}{'interval over rows':^21}   over fold scores")
    for n_rows, n_classes in SIZES[1:4]:
        for metric in ("f1_weighted", "f1_macro"):
            table = fold_coverage(rng, n_rows, n_classes, metric, n_boards)
            cells = "   ".join(" ".join(f"{x:6.3f}" for x in row) for row in table)
            print(f"{n_rows:<7}{n_classes:<9}{metric:<13}{cells}", flush=True)
    print("\nrows   classes  scenarios  metric       false positives")
    for (n_rows, n_classes), (n_scenarios, metric) in itertools.product(
        SIZES[1:4], ((2, "f1_weighted"), (2, "f1_macro"), (10, "f1_weighted"))
    ):
        share = false_claims(rng, n_rows, n_classes, metric, n_scenarios, n_boards)
        print(
            f"{n_rows:<7}{n_classes:<9}{n_scenarios:<11}{metric:<13}{share:.3f}",
            flush=True,
        )
    wall, busy = large_board(rng)
    print("\n1,000 scenarios of 17,000 rows, intervals and groups:")
    print(f"{wall:.1f} s wall clock, {busy:.1f} s CPU")


if __name__ == "__main__":
    main()
