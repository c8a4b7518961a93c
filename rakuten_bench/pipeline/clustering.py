"""How a model that clusters is applied in one fold: it is never handed a label."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from rakuten_bench.pipeline.fitting import warn_of_notes
from rakuten_bench.types import Folded, Prediction


def fit(estimator: Any, folded: Folded) -> Any:
    """Fit on the training rows, without their labels."""
    return estimator.fit(folded.train)


def cluster(estimator: Any, folded: Folded) -> Prediction:
    """Fit on the training rows without labels and number the test rows' clusters.

    Returns
    -------
    Prediction
        `predicted` holds cluster numbers, which are no indices into the classes.
    """
    start = time.perf_counter()
    fit(estimator, folded)
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
