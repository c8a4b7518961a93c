from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import FUSION
from rakuten_bench.types import Rule


@FUSION.option("weighted", digit="2", needs=("scikit-learn", "scipy"))
def weighted(
    cv: int = 5,
    pool: Literal["product", "mean"] = "product",
    scoring: Literal["f1_weighted", "log_loss"] = "f1_weighted",
    rounds: int = 40,
    calibrate: bool = False,
    *,
    n_classes: int,
) -> Rule:
    """Weighted product or mean; weights fitted on the members' out-of-fold predictions.

    Each member is fitted `cv` times more, always without one fold of the training rows,
    which it then predicts; the weights are learned on these predictions of all training
    rows. Test rows are predicted only, by members fitted on all training rows.

    The product's weights minimize the log loss. The mean's are found by greedy
    selection: `scoring`, `rounds` and `calibrate` are its parameters, without effect on
    the product.
    """
    from rakuten_bench.fusion.rule import Pooled, Weighted

    del cv  # the plan makes the folds
    if pool == "product":
        return Pooled(n_classes)
    return Weighted(n_classes, scoring, rounds, calibrate)
