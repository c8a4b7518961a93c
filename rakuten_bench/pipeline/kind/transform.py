"""Steps that learn a transformation of features: vectorizers, reducers."""

from __future__ import annotations

from dataclasses import replace

from rakuten_bench.pipeline.fitting import warn_of_notes
from rakuten_bench.pipeline.kind import Preparing, Work
from rakuten_bench.types import Folded, Transformer


class Transform(Preparing):
    """Fits a transformer on the training rows and transforms both sides."""

    seconds = 1.0

    def fit(self, work: Work) -> tuple[Transformer, Folded]:
        """Return the fitted transformer and both sides, transformed."""
        estimator = work.make()
        return estimator, transform(estimator, work.folded())

    def apply(self, work: Work, learned: Transformer) -> object:
        """Transform other rows."""
        return learned.transform(self.source(work))


def transform(estimator: Transformer, folded: Folded) -> Folded:
    """Fit a transformer on the training rows and transform both sides."""
    train = estimator.fit_transform(folded.train, folded.y)
    test = None if folded.test is None else estimator.transform(folded.test)
    warn_of_notes(estimator)
    return replace(folded, train=train, test=test)


KIND = Transform()
