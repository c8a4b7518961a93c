"""Steps that balance the training rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rakuten_bench.pipeline.fitting import warn_of_notes
from rakuten_bench.pipeline.kind import Preparing, Work
from rakuten_bench.types import Folded, Resampler


class Resample(Preparing):
    """Adds or drops training rows; other rows are not changed."""

    seconds = 1.0

    def fit(self, work: Work) -> tuple[Resampler, Folded]:
        """Return the sampler and both sides, the training rows balanced."""
        estimator = work.make()
        return estimator, resample(estimator, work.folded())

    def apply(self, work: Work, learned: object) -> object:
        """Return the rows unchanged."""
        del learned
        return self.source(work)


def resample(estimator: Resampler, folded: Folded) -> Folded:
    """Balance the training rows; the test rows are not changed."""
    train, y = estimator.fit_resample(folded.train, folded.y)
    warn_of_notes(estimator)
    indices = getattr(estimator, "sample_indices_", None)
    rows = (
        np.full(len(y), -1, dtype=np.int64)
        if indices is None
        else folded.train_rows[np.asarray(indices)]
    )
    return replace(
        folded, train=train, y=np.asarray(y, dtype=np.int32), train_rows=rows
    )


KIND = Resample()
