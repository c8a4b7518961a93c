"""Fusion rules: they combine the probabilities of several members.

Every rule takes an array of shape (n_members, n_rows, n_classes), aligned by row and
class. Rules with parameters are fitted on out-of-fold probabilities: for rows that the
members were not trained on.
"""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from rakuten_bench.metrics.confusion import confusion_matrix, f1_weighted
from rakuten_bench.types import Codes

Floats = NDArray[np.float64]
Scoring = Literal["f1_weighted", "log_loss"]
Stacker = Literal["logreg", "xgboost"]
_EPSILON = 1e-7


class Rule(ClassifierMixin, BaseEstimator):
    """Base class of all rules; a rule without `fit` has no parameters to learn.

    Parameters
    ----------
    n_classes : int
    """

    n_classes: int

    @property
    def classes_(self) -> NDArray[np.int64]:
        """The codes of all classes, int64 of shape (n_classes,)."""
        return np.arange(self.n_classes)

    def predict_proba(self, X: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_classes)."""
        raise NotImplementedError

    def predict(self, X: Floats) -> NDArray[np.int64]:
        """Return the most probable class of each row, of shape (n_rows,)."""
        return self.predict_proba(X).argmax(axis=1)


class Mean(Rule):
    """The mean of the members' probabilities."""

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes

    def predict_proba(self, X: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_classes)."""
        return normalize(X.mean(axis=0))


class Product(Rule):
    """The product of the members' probabilities: each member can veto a class."""

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes

    def predict_proba(self, X: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_classes)."""
        logs = np.log(np.maximum(X, _EPSILON)).sum(axis=0)
        return normalize(np.exp(logs - logs.max(axis=1, keepdims=True)))


class Weighted(Rule):
    """A weighted mean with weights from greedy ensemble selection.

    Each round adds the member that improves the score most, with replacement (Caruana
    et al., Ensemble selection from libraries of models, 2004). Weights are the
    members' frequencies after the best round.

    Parameters
    ----------
    n_classes : int
    scoring : {"f1_weighted", "log_loss"}
    rounds : int
    calibrate : bool
        Whether to calibrate each member first by temperature scaling (Guo et al., On
        calibration of modern neural networks, 2017).

    Attributes
    ----------
    weights_ : float64 array of shape (n_members,)
        Sum to 1.
    temperatures_ : float64 array of shape (n_members,)
    details_ : dict
    """

    def __init__(
        self,
        n_classes: int,
        scoring: Scoring = "f1_weighted",
        rounds: int = 40,
        calibrate: bool = False,
    ) -> None:
        self.n_classes = n_classes
        self.scoring = scoring
        self.rounds = rounds
        self.calibrate = calibrate

    def fit(self, X: Floats, y: Codes) -> Self:
        """Fit the weights on rows that the members were not trained on.

        Parameters
        ----------
        X : float array of shape (n_members, n_rows, n_classes)
        y : int array of shape (n_rows,)
        """
        self.temperatures_ = np.ones(len(X))
        if self.calibrate:
            self.temperatures_ = np.array([find_temperature(part, y) for part in X])
        X = temper(X, self.temperatures_)
        counts, best, top = np.zeros(len(X)), np.zeros(len(X)), -np.inf
        total = np.zeros(X.shape[1:])
        for _ in range(self.rounds):
            scores = [score(total + part, y, self.scoring) for part in X]
            chosen = int(np.argmax(scores))
            total += X[chosen]
            counts[chosen] += 1
            if scores[chosen] > top:
                top, best = scores[chosen], counts.copy()
        self.weights_ = best / best.sum()
        self.details_ = {
            "weights": [round(float(weight), 4) for weight in self.weights_],
            "temperatures": [round(float(value), 4) for value in self.temperatures_],
            self.scoring: round(float(top), 5),
        }
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_classes)."""
        tempered = temper(X, self.temperatures_)
        return normalize(np.tensordot(self.weights_, tempered, axes=1))


class Pooled(Rule):
    """A weighted product with the weights of minimum log loss.

    The logarithmic opinion pool (Genest & Zidek 1986). Overconfident or redundant
    members get a weight below 1. The loss is convex, so that the optimum is unique.

    Parameters
    ----------
    n_classes : int

    Attributes
    ----------
    weights_ : float64 array of shape (n_members,)
        Not negative; they need not sum to 1.
    details_ : dict
    """

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes

    def fit(self, X: Floats, y: Codes) -> Self:
        """Fit the weights on rows that the members were not trained on.

        Parameters
        ----------
        X : float array of shape (n_members, n_rows, n_classes)
        y : int array of shape (n_rows,)
        """
        logs = np.log(np.maximum(X, _EPSILON))
        given = logs[:, np.arange(len(y)), y]

        def loss(weights: Floats) -> tuple[float, Floats]:
            scores = np.tensordot(weights, logs, axes=1)
            normal = logsumexp(scores, axis=1)
            shares = np.exp(scores - normal[:, None])
            expected = np.einsum("nk,mnk->mn", shares, logs)
            value = float((normal - weights @ given).mean())
            return value, (expected - given).mean(axis=1)

        start = np.full(len(X), 1 / len(X))
        bounds = [(0.0, 20.0)] * len(X)
        optimum = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
        self.weights_ = optimum.x
        self.details_ = {
            "weights": [round(float(weight), 4) for weight in self.weights_],
            "log_loss": round(float(optimum.fun), 5),
        }
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_classes)."""
        logs = np.log(np.maximum(X, _EPSILON))
        return np.asarray(softmax(np.tensordot(self.weights_, logs, axes=1), axis=1))


class Stacking(Rule):
    """A model on the members' log-probabilities.

    Parameters
    ----------
    n_classes : int
    model : {"logreg", "xgboost"}
    C : float
        Of the logistic regression.
    n_estimators, max_depth, learning_rate :
        Of the boosted trees.
    n_jobs : int
    random_state : int or None

    Attributes
    ----------
    known_ : int array
        The classes in the training rows.
    """

    def __init__(  # noqa: PLR0913  one argument per hyperparameter
        self,
        n_classes: int,
        model: Stacker = "logreg",
        C: float = 0.1,
        n_estimators: int = 100,
        max_depth: int = 3,
        learning_rate: float = 0.1,
        n_jobs: int = 1,
        random_state: int | None = None,
    ) -> None:
        self.n_classes = n_classes
        self.model = model
        self.C = C
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Floats, y: Codes) -> Self:
        """Fit the model on rows that the members were not trained on."""
        self.known_, codes = np.unique(y, return_inverse=True)
        self.model_ = self._build().fit(self._features(X), codes)
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_classes)."""
        probabilities = np.zeros(X.shape[1:])
        probabilities[:, self.known_] = self.model_.predict_proba(self._features(X))
        return probabilities

    def _features(self, X: Floats) -> Floats:
        logs = np.log(np.maximum(X, _EPSILON))
        return np.concatenate(list(logs), axis=1)

    def _build(self) -> Any:
        if self.model == "logreg":
            from sklearn.linear_model import LogisticRegression

            return LogisticRegression(C=self.C, max_iter=2000)
        from xgboost import XGBClassifier

        return XGBClassifier(
            n_estimators=self.n_estimators,
            max_depth=self.max_depth,
            learning_rate=self.learning_rate,
            tree_method="hist",
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )


def normalize(values: Floats) -> Floats:
    """Scale rows to sum to 1; a row of zeros becomes uniform."""
    sums = values.sum(axis=1, keepdims=True)
    uniform = np.full_like(values, 1 / values.shape[1])
    return np.divide(values, sums, out=uniform, where=sums > 0)


def temper(X: Floats, temperatures: Floats) -> Floats:
    """Apply temperatures: above 1 they soften probabilities, below 1 sharpen them.

    >>> temper(np.array([[[0.9, 0.1]]]), np.array([1.0])).round(3).tolist()
    [[[0.9, 0.1]]]
    >>> temper(np.array([[[0.9, 0.1]]]), np.array([2.0])).round(3).tolist()
    [[[0.75, 0.25]]]
    """
    if (temperatures == 1).all():
        return X
    logs = np.log(np.maximum(X, _EPSILON)) / temperatures[:, None, None]
    raised = np.exp(logs - logs.max(axis=2, keepdims=True))
    return np.asarray(raised / raised.sum(axis=2, keepdims=True))


def find_temperature(probability: Floats, y: Codes) -> float:
    """Return the temperature of minimum log loss, between 1/20 and 20."""

    def loss(log_temperature: float) -> float:
        tempered = temper(probability[None], np.exp([log_temperature]))[0]
        return -score(tempered, y, "log_loss")

    optimum = minimize_scalar(loss, bounds=(-3, 3), method="bounded")
    return float(np.exp(optimum.x))


def score(probability: Floats, y: Codes, scoring: Scoring) -> float:
    """Return weighted F1, or minus the log loss, of unnormalized probabilities."""
    if scoring == "log_loss":
        given = probability[np.arange(len(y)), y] / probability.sum(axis=1)
        return float(np.log(np.maximum(given, _EPSILON)).mean())
    predicted = probability.argmax(axis=1)
    n_classes = probability.shape[1]
    return float(f1_weighted(confusion_matrix(y, predicted, n_classes)))
