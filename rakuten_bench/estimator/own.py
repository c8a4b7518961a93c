"""An estimator of the user's own, as a model: real labels in, class indices out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.metaestimators import available_if

from rakuten_bench.errors import UserError, listed
from rakuten_bench.types import Labels, Texts

Targets = Literal["names", "codes"]

_NEEDED = ("fit", "predict", "get_params", "set_params")


def make_estimator(made: Any, params: Mapping[str, Any] | None = None) -> Any:
    """Return the unfitted estimator that a function, class or object of the user gives.

    Parameters
    ----------
    made : function, class or estimator
    params : mapping, optional
        Arguments of the function or class, or parameters of the estimator.

    Raises
    ------
    UserError
        If it fails, or does not give a scikit-learn estimator.
    """
    subject = f"'{getattr(made, '__qualname__', type(made).__qualname__)}'"
    try:
        is_object = not isinstance(made, type) and hasattr(made, "fit")
        given = dict(params or {})
        found = clone(made).set_params(**given) if is_object else made(**given)
        if hasattr(found, "get_params") and not isinstance(found, type):
            found.get_params(deep=True)  # fails if __init__ does not store an argument
    except (Exception, SystemExit) as error:  # the user's code
        text = " ".join(str(error).split()).removesuffix(".")
        message = f"{subject} gives no estimator: {type(error).__name__}: {text}."
        raise UserError(message) from error
    missing = [name for name in _NEEDED if not hasattr(found, name)]
    if missing or isinstance(found, type):
        message = (
            f"{subject} gives {found!r:.60}, which is not a scikit-learn estimator"
            + (f": it has no {listed(missing)}" if missing else " but a class")
            + ". Return an object of a class that derives from sklearn.base.BaseEstimator."
        )
        raise UserError(message)
    return found


class OwnEstimator(ClassifierMixin, BaseEstimator):
    """A classifier of the user's own, with its output checked.

    Parameters
    ----------
    estimator : estimator
        Unfitted. Its parameters called `random_state` that are None get the seed, and
        those called `n_jobs` that are set get the number of threads.
    classes : sequence of str
        Labels of the data set, in the order of their codes.
    labels : {"names", "codes"}
        Whether it is fitted on the labels, as texts, or on their codes.
    probability : bool
        Whether its `predict_proba` is used, if it has one; else its `predict` decides.
    random_state : int
    n_jobs : int

    Attributes
    ----------
    estimator_ : estimator
        Fitted.
    classes_ : int array of shape (n_training_classes,)
        Codes of its classes, in its order.
    """

    def __init__(
        self,
        estimator: Any,
        classes: Sequence[str],
        labels: Targets = "names",
        *,
        probability: bool = True,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.estimator = estimator
        self.classes = classes
        self.labels = labels
        self.probability = probability
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: NDArray[np.integer]) -> Self:
        """Fit on training rows.

        Parameters
        ----------
        X : Texts, DataFrame, array or CSR matrix, of n_rows
            Texts are handed over as a Series.
        y : int array of shape (n_rows,)
            Codes of the labels.
        """
        names = np.asarray(self.classes, dtype=object)
        self.notes_: tuple[str, ...] = ()
        self.estimator_ = clone(self.estimator)
        _set_params(self.estimator_, self.random_state, self.n_jobs)
        with _running(self.random_state):
            self.estimator_.fit(
                as_input(X), y.copy() if self.labels == "codes" else names[y]
            )
        self.classes_ = self._find_classes(y)
        return self

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return the code of each row's label.

        Raises
        ------
        UserError
            If it does not give one known label for each row.
        """
        n_rows = _count(X)
        with _running(self.random_state):
            found = np.asarray(self.estimator_.predict(as_input(X)))
        if found.shape not in ((n_rows,), (n_rows, 1)):
            message = (
                f"its predict returned an array of shape {found.shape} for {n_rows:,} "
                f"rows: one label for each row is needed."
            )
            raise UserError(message)
        return self._encode(found.ravel(), "predict returned")

    @available_if(lambda self: self._has("predict_proba") and self.probability)
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_training_classes).

        Raises
        ------
        UserError
            If they are not of this shape.
        """
        with _running(self.random_state):
            found = np.asarray(self.estimator_.predict_proba(as_input(X)))
        shape = _count(X), len(self.classes_)
        if found.shape != shape:
            message = (
                f"its predict_proba returned an array of shape {found.shape}; "
                f"{shape[0]:,} rows and {shape[1]} classes need {shape}."
            )
            raise UserError(message)
        self._compare(X, found)
        return found.astype(np.float64, copy=False)

    @available_if(lambda self: self._has("decision_function"))
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return its decision values."""
        with _running(self.random_state):
            return np.asarray(self.estimator_.decision_function(as_input(X)))

    def _has(self, method: str) -> bool:
        return hasattr(getattr(self, "estimator_", self.estimator), method)

    def _compare(self, X: Any, probability: NDArray[np.floating]) -> None:
        """Note how many rows it labels otherwise than by the most probable class."""
        if not np.isfinite(probability).all():
            return  # refused by the caller
        differ = self.classes_[probability.argmax(axis=1)] != self.predict(X)
        if differ.any():
            self.notes_ = (
                f"its predict differs from its most probable class in "
                f"{differ.sum():,} of {len(differ):,} rows, and the most probable "
                f"class counts; with 'probability: false' its predict does",
            )

    def _find_classes(self, y: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the codes of its classes, in its order.

        Raises
        ------
        UserError
            If `classes_` are not the labels of the training rows.
        """
        known = np.unique(y).astype(np.int64)
        found = getattr(self.estimator_, "classes_", None)
        if found is None and self._has("predict_proba") and self.probability:
            message = (
                "it has predict_proba but, fitted, no classes_: the order of its "
                "columns is unknown. Set classes_ in fit, or 'probability: false'."
            )
            raise UserError(message)
        if found is None:
            return known
        codes = self._encode(np.asarray(found).ravel(), "classes_ has")
        if sorted(codes) != known.tolist():
            message = (
                f"its classes_ has {len(codes)} classes, the training rows "
                f"{len(known)}: it must have each of them once."
            )
            raise UserError(message)
        return codes

    def _encode(self, labels: Labels, subject: str) -> NDArray[np.int64]:
        """Return the codes of labels as the estimator gives them.

        Raises
        ------
        UserError
            If one is no label of the data set.
        """
        names = range(len(self.classes)) if self.labels == "codes" else self.classes
        code_of: dict[object, int] = {name: code for code, name in enumerate(names)}
        values = labels.tolist()
        unknown = {str(value): None for value in values if value not in code_of}
        if unknown:
            message = (
                f"its {subject} {listed(unknown)}: not among the data set's "
                f"{len(self.classes)} labels ({listed(list(names))})."
            )
            raise UserError(message)
        return np.array([code_of[value] for value in values], dtype=np.int64)


def as_input(X: Any) -> Any:
    """Return rows as the user's estimator gets them: texts as a Series."""
    if not isinstance(X, Texts):
        return X.copy() if hasattr(X, "iloc") else X
    import pandas as pd

    rows = [" ".join(parts).strip() for parts in zip(*X.columns, strict=True)]
    return pd.Series(rows, name="text", dtype=object)


def _count(X: Any) -> int:
    return len(X) if isinstance(X, Texts) else int(X.shape[0])


def _set_params(estimator: Any, random_state: int, n_jobs: int) -> None:
    """Set seeds that are not set, and the threads of what may use several."""
    params = estimator.get_params(deep=True)
    seeds = {
        name: random_state
        for name, value in params.items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    threads = {
        name: n_jobs
        for name, value in params.items()
        if name.rpartition("__")[2] == "n_jobs" and value is not None
    }
    estimator.set_params(**seeds, **threads)


@contextmanager
def _running(random_state: int) -> Iterator[None]:
    """Run the user's code reproducibly, and without processes of its own.

    Global random generators start from the seed and are restored. Parallel work uses
    threads: other processes could not import the user's files.
    """
    from joblib import parallel_config

    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(random_state % 2**32)  # noqa: NPY002
    random.seed(random_state)
    try:
        with parallel_config(backend="threading"):
            yield
    finally:
        np.random.set_state(before[0])  # noqa: NPY002
        random.setstate(before[1])


def describe(estimator: Any) -> str:
    """Return the parameters of an estimator as a text, the same in each process.

    Values without a stable text, such as functions, are named by their type: the source
    of the user's file says what they are.
    """
    params = estimator.get_params(deep=True)
    values = sorted((name, _describe(value)) for name, value in params.items())
    return f"{type(estimator).__qualname__}({values})"


def _describe(value: Any) -> str:
    kind = type(value).__qualname__
    if isinstance(value, Mapping):
        value = list(value.items())
    if isinstance(value, np.ndarray):
        value = [value.shape, str(value.dtype), value.tolist()]
    if isinstance(value, list | tuple | set | frozenset):
        items = list(map(_describe, value))
        return f"{kind}{sorted(items) if isinstance(value, set | frozenset) else items}"
    is_plain = isinstance(value, str | int | float | bytes | np.generic | None)
    return repr(value) if is_plain else kind
