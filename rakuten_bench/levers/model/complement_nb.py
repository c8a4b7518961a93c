from __future__ import annotations

from rakuten_bench.registry import MODEL, Choices, Real, Rules
from rakuten_bench.types import Classifier


@MODEL.option(
    "complement_nb",
    digit="5",
    needs="scikit-learn",
    rules=Rules(refuses=("signed",)),
    space={"alpha": Real(0.001, 1.0, log=True), "norm": Choices((True, False))},
)
def complement_nb(alpha: float = 1.0, norm: bool = False) -> Classifier:
    """Complement naive Bayes (Rennie et al. 2003)."""
    from sklearn.naive_bayes import ComplementNB

    return ComplementNB(alpha=alpha, norm=norm)
