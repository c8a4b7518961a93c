from __future__ import annotations

from rakuten_bench.registry import MODEL, Choices, Real, Rules
from rakuten_bench.types import Classifier


@MODEL.option(
    "multinomial_nb",
    digit="4",
    needs="scikit-learn",
    rules=Rules(refuses=("signed",)),
    space={"alpha": Real(0.001, 1.0, log=True), "fit_prior": Choices((True, False))},
)
def multinomial_nb(alpha: float = 1.0, fit_prior: bool = True) -> Classifier:
    """Multinomial naive Bayes."""
    from sklearn.naive_bayes import MultinomialNB

    return MultinomialNB(alpha=alpha, fit_prior=fit_prior)
