from __future__ import annotations

from typing import Literal

from rakuten_bench.registry import MODEL, Choices, Effort, Integer
from rakuten_bench.types import Classifier


@MODEL.option(
    "bagging",
    digit="d",
    needs="scikit-learn",
    effort=Effort(17.0, instead="linear_svc"),
    space={"n_estimators": Integer(5, 30), "max_features": Choices((0.5, 0.8, 1.0))},
)
def bagging(
    base: Literal[
        "linear_svc", "sgd", "logreg", "decision_tree", "stump"
    ] = "linear_svc",
    n_estimators: int = 10,
    max_samples: float = 1.0,
    max_features: float = 1.0,
    *,
    random_state: int,
) -> Classifier:
    """Bagging (Breiman 1996) over a chosen base model."""
    from sklearn.ensemble import BaggingClassifier

    from rakuten_bench.estimator.member import base_model

    return BaggingClassifier(
        base_model(base, random_state),
        n_estimators=n_estimators,
        max_samples=max_samples,
        max_features=max_features,
        random_state=random_state,
    )
