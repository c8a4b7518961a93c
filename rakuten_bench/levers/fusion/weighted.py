from __future__ import annotations

from typing import Any, Literal

from rakuten_bench.registry import FUSION


@FUSION.option("weighted", digit="2", needs=("scikit-learn", "scipy"))
def weighted(
    cv: int = 5,
    pool: Literal["product", "mean"] = "product",
    scoring: Literal["f1_weighted", "log_loss"] = "f1_weighted",
    rounds: int = 40,
    calibrate: bool = False,
    *,
    n_classes: int,
) -> Any:
    """Take a weighted product or mean, tuned on folds of the training rows.

    The last three parameters are those of the mean, whose weights are found by greedy
    selection; the product's are those of least log loss.
    """
    from rakuten_bench.fusion.rule import Pooled, Weighted

    del cv  # the plan makes the folds
    if pool == "product":
        return Pooled(n_classes)
    return Weighted(n_classes, scoring, rounds, calibrate)
