from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import FUSION
from rakuten_bench.types import Rule


@FUSION.option("stacking", digit="3", needs=("scikit-learn", "xgboost-cpu"))
def stacking(
    cv: int = 5,
    model: Literal["logreg", "xgboost"] = "logreg",
    C: float = 0.1,
    n_estimators: int = 100,
    max_depth: int = 3,
    learning_rate: float = 0.1,
    *,
    n_classes: int,
    n_jobs: int = 1,
    random_state: int,
) -> Rule:
    """Stacking: a model trained on the members' out-of-fold predictions.

    Each member is fitted `cv` times more, always without one fold of the training rows,
    which it then predicts. Test rows are predicted only, by members fitted on all
    training rows.
    """
    from rakuten_bench.fusion.rule import Stacking

    del cv  # the plan makes the folds
    return Stacking(
        n_classes,
        model,
        C,
        n_estimators,
        max_depth,
        learning_rate,
        n_jobs,
        random_state,
    )
