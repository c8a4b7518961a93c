from __future__ import annotations

from rakuten_bench.registry import REDUCER, Rules
from rakuten_bench.types import Transformer


@REDUCER.option(
    "nbsvm",
    digit="3",
    needs="scikit-learn",
    modalities=("text",),
    rules=Rules(tags=("labels",)),
)
def nbsvm(alpha: float = 1.0) -> Transformer:
    """Scale features by their log-count ratio, for NB-SVM (Wang & Manning 2012)."""
    from rakuten_bench.estimator.reduction import LogCountRatio

    return LogCountRatio(alpha)
