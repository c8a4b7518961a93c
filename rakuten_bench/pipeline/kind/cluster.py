"""Steps that cluster; the model never gets labels."""

from __future__ import annotations

import time

import numpy as np

from rakuten_bench.pipeline.fitting import warn_of_notes
from rakuten_bench.pipeline.kind import Predicting, Work
from rakuten_bench.types import Clusterer, Folded, Prediction


class Cluster(Predicting):
    """Fits a model without labels and predicts the test rows' clusters."""

    seconds = 2.0

    def run(self, work: Work) -> Prediction:
        """Return the cluster of each test row."""
        return cluster(work.make(), work.folded())

    def fit(self, work: Work) -> tuple[Clusterer, None]:
        """Return the fitted model."""
        return work.make().fit(work.folded().train), None


def cluster(estimator: Clusterer, folded: Folded) -> Prediction:
    """Fit on the training rows without labels and predict the test rows' clusters.

    Returns
    -------
    Prediction
        `predicted` contains cluster numbers, not class indices.
    """
    start = time.perf_counter()
    estimator.fit(folded.train)
    learned = time.perf_counter()
    predicted = estimator.predict(folded.test)
    warn_of_notes(estimator)
    return Prediction(
        rows=folded.test_rows,
        predicted=np.asarray(predicted, dtype=np.int32),
        probability=None,
        fit_time=learned - start,
        predict_time=time.perf_counter() - learned,
    )


KIND = Cluster()
