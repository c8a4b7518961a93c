"""Steps that fit a classifier and predict."""

from __future__ import annotations

import time

from rakuten_bench.pipeline.fitting import fit, predict
from rakuten_bench.pipeline.kind import Predicting, Work
from rakuten_bench.types import Classifier, Folded, Prediction, Rows


class Estimate(Predicting):
    """Fits a classifier on the training rows and predicts the test rows."""

    seconds = 2.0

    def run(self, work: Work) -> Prediction:
        """Return the prediction for the test rows."""
        target = work.target
        return estimate(work.make(), work.folded(), target.n_classes, target.groups)

    def fit(self, work: Work) -> tuple[Classifier, None]:
        """Return the fitted classifier."""
        return fit(work.make(), work.folded(), work.target.groups), None


def estimate(
    estimator: Classifier, folded: Folded, n_classes: int, groups: Rows | None = None
) -> Prediction:
    """Fit a classifier on the training rows and predict the test rows."""
    start = time.perf_counter()
    fit(estimator, folded, groups)
    seconds = time.perf_counter() - start
    return predict(estimator, folded, n_classes, fit_time=seconds)


KIND = Estimate()
