from __future__ import annotations

from rakuten_bench.registry import REDUCER, Rules
from rakuten_bench.types import Transformer


@REDUCER.option(
    "chi2",
    digit="2",
    needs="scikit-learn",
    modalities=("text",),
    rules=Rules(tags=("labels",)),
)
def chi2(k: int = 20_000) -> Transformer:
    """Select the features that depend most on the class (chi-squared)."""
    from sklearn.feature_selection import chi2 as score

    from rakuten_bench.estimator.reduction import NarrowKBest

    return NarrowKBest(score, k=k)
