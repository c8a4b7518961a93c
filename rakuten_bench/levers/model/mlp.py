from __future__ import annotations

from rakuten_bench.registry import MODEL, Choices, Effort, Real
from rakuten_bench.types import Classifier


@MODEL.option(
    "mlp",
    digit="e",
    needs="scikit-learn",
    effort=Effort(40.0, instead="fewer max_features"),
    space={
        "hidden": Choices(((54,), (128,), (256,))),
        "alpha": Real(1e-6, 1e-2, log=True),
    },
)
def mlp(
    hidden: tuple[int, ...] = (54,),
    alpha: float = 1e-4,
    learning_rate: float = 1e-3,
    batch_size: int = 200,
    max_iter: int = 30,
    early_stopping: bool = True,
    *,
    random_state: int,
) -> Classifier:
    """Multilayer perceptron (Adam), early stopping on a tenth of the training rows."""
    from sklearn.neural_network import MLPClassifier

    from rakuten_bench.estimator.stopping import StoppedEarly

    model = MLPClassifier(
        hidden_layer_sizes=hidden,
        alpha=alpha,
        learning_rate_init=learning_rate,
        batch_size=batch_size,
        max_iter=max_iter,
        early_stopping=early_stopping,
        n_iter_no_change=3,
        random_state=random_state,
    )
    return StoppedEarly(model)
