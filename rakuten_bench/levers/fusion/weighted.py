from __future__ import annotations

from typing import Any, Literal

from rakuten_bench.registry import FUSION


@FUSION.option("weighted", digit="2", needs=("scikit-learn", "scipy"))
def weighted(
    cv: int = 5,
    scoring: Literal["f1_weighted", "log_loss"] = "f1_weighted",
    rounds: int = 40,
    calibrate: bool = False,
    *,
    n_classes: int,
) -> Any:
    """Take a weighted mean, tuned on folds of the training rows (Caruana et al. 2004)."""
    from rakuten_bench.fusion.rule import Weighted

    del cv  # the plan makes the folds
    return Weighted(n_classes, scoring, rounds, calibrate)
