"""A scenario as a scikit-learn classifier, or clusterer.

It runs the steps of the scenario's plan with the same options as the engine, so that it
gives the predictions of the record; only the engine shares steps between scenarios.

    model = build("T0010-0120-0000")
    model.fit(frame, frame["label"]).predict(other_frame)

A scenario whose model clusters gives a clusterer: `predict` returns cluster numbers.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, ClusterMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from rakuten_bench.data.build import fill_columns
from rakuten_bench.data.grouping import find_groups
from rakuten_bench.errors import Notice, UserError
from rakuten_bench.pipeline import fitting, prepare_work, read_slots, run_step
from rakuten_bench.pipeline.column import (
    check_columns,
    check_is_table,
    choose_columns,
    prediction_steps,
)
from rakuten_bench.pipeline.kind import Work, find_kind
from rakuten_bench.pipeline.label import check_order, check_two_classes, read_labels
from rakuten_bench.pipeline.table import explained, input_table
from rakuten_bench.pipeline.target import Targets
from rakuten_bench.plan import Step
from rakuten_bench.plan.build import build_plan
from rakuten_bench.scenario import Scenario, find_option, from_code
from rakuten_bench.types import Classifier, Dataset, Fold, Labels, Values

if TYPE_CHECKING:
    import pandas as pd

_FOLD = "0"

#: Steps exchange arrays and sparse matrices, independent of `sklearn.set_config`.
_plain_output = config_context(transform_output="default")


def build(
    scenario: str | Scenario,
    *,
    random_state: int = 123,
    n_jobs: int = 1,
    base: Path | None = None,
) -> ScenarioClassifier | ScenarioClusterer:
    """Return the unfitted classifier of a scenario, or clusterer.

    Parameters
    ----------
    scenario : str or Scenario
        A code without parameters, or a scenario (`scenario.from_words`).
    random_state : int
        Seed of the run.
    n_jobs : int
        Number of threads that an option may use.
    base : Path, optional
        Folder that paths in parameters are relative to; the working directory by
        default.

    Raises
    ------
    UserError
        If the code is invalid.
    """
    parsed = _as_scenario(scenario)
    kind = ScenarioClusterer if parsed.is_clustering else ScenarioClassifier
    return kind(parsed, random_state=random_state, n_jobs=n_jobs, base=base)


def _as_scenario(given: object) -> Scenario:
    if isinstance(given, str):
        return from_code(given)
    if not isinstance(given, Scenario):
        message = f"build: {given!r:.60} is not a code, such as 'T0010-0120-0000'."
        raise UserError(message)
    return given


def _has_probabilities(model: ScenarioClassifier) -> bool:
    return hasattr(model.any_model(), "predict_proba")


def _has_decision_function(model: ScenarioClassifier) -> bool:
    return hasattr(model.any_model(), "decision_function")


class ScenarioEstimator(BaseEstimator):
    """All steps of one scenario, from the table to the model's output.

    Parameters
    ----------
    scenario : Scenario
    random_state : int
    n_jobs : int
    base : Path or None
        Folder that paths in parameters are relative to; None for the working directory.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The unique labels, in the order of `np.unique` and in the labels' own dtype.
    class_index_ : int64 array of shape (n_classes,)
        Index of each of `classes_` within the steps, `model_` included.
    columns_ : tuple of str
        The columns of `types.COLUMNS` that a prediction reads: those that the scenario
        reads and that the training table had.
    plan_ : Plan
    fitted_ : dict of str to estimator
        Fitted estimators of the learned steps, by key.
    model_ : estimator
        The last of them.
    warns : bool
        Whether predictions emit the notices of steps as warnings, as `fit` does.
    """

    warns = False

    def __init__(
        self,
        scenario: Scenario,
        *,
        random_state: int = 123,
        n_jobs: int = 1,
        base: Path | None = None,
    ) -> None:
        self.scenario = scenario
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.base = base

    @_plain_output
    def fit(self, X: pd.DataFrame, y: object, validation: object = None) -> Self:
        """Fit all steps on a table.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            Some of `types.COLUMNS`; missing columns count as empty, and predictions
            don't read them either.
        y : sequence of n_rows labels
            Texts, whole numbers or booleans.
        validation : bool sequence of n_rows, optional
            Rows for model selection in searches and learned fusions; no other step
            learns from them. By default, folds inside the training rows are used.

        Raises
        ------
        UserError
            If the table has none of the columns that the scenario reads, there are
            fewer than two classes, lengths differ, or labels are missing.
        """
        check_is_table(X)
        check_order(X, y)
        labels = read_labels(y, len(X))
        if not self.scenario.is_clustering:
            check_two_classes(labels)
        seed = _as_seed(self.random_state)
        self.classes_, self.class_index_ = labels.classes, labels.index
        self.plan_ = build_plan(
            [self.scenario],
            dataset="",
            split="",
            folds=[_FOLD],
            seed=seed,
            has_validation=validation is not None,
            base=self.base,
        )
        self.columns_ = choose_columns(self.plan_, self.scenario, X)
        self.fitted_: dict[str, Any] = {}
        held = np.zeros(len(X), bool) if validation is None else np.array(validation)
        self._fit_steps(as_frame(X, labels.rows), held, seed)
        self.model_ = self.fitted_[self.plan_.outputs[self.scenario.code][0]]
        return self

    def _fit_steps(
        self, frame: pd.DataFrame, validation: NDArray[np.bool_], seed: int
    ) -> None:
        """Run every step on the training rows and keep the fitted estimators."""
        values = self._roots(frame, validation, seed)
        for step in self.plan_.steps.values():
            values[step.key] = self._fit_step(step, values)

    def _roots(
        self, frame: pd.DataFrame, validation: NDArray[np.bool_], seed: int
    ) -> dict[str, object]:
        """Return the table and the targets; rows not for validation are for training."""
        data = Dataset("fit", frame, "")
        train, held = np.flatnonzero(~validation), np.flatnonzero(validation)
        fold = Fold(_FOLD, train, train[:0], held)
        groups = find_groups(data, by_image=self.scenario.reads("image"))
        targets = Targets(data.y, data.classes, groups, [fold], seed)
        by_key = {key: targets.find(name) for key, name in self.plan_.targets.items()}
        return {self.plan_.frame: input_table(frame), **by_key}

    def _fit_step(self, step: Step, values: Values) -> Any:
        """Compute a step's value for the training rows and keep its fitted estimator."""
        slots = read_slots(step, lambda source: values[source.key])
        if step.fold is not None and step.fold.is_inner:
            return run_step(step, slots, n_jobs=self.n_jobs, base=self.base)
        work = prepare_work(step, slots, n_jobs=self.n_jobs, base=self.base)
        with explained(work.option):
            learned, value = find_kind(step.kind).fit(work)
        if learned is not None:
            self.fitted_[step.key] = learned
        return value

    @_plain_output
    def features(self, X: pd.DataFrame) -> Any:
        """Return the model's input for the rows of a table.

        Raises
        ------
        UserError
            If the table has no rows, or lacks one of `columns_`.
        """
        check_is_fitted(self, "columns_")
        check_columns(X, self.columns_)
        table = input_table(as_frame(X[[*self.columns_]]))
        values: dict[str, object] = {self.plan_.frame: table}
        last = self.plan_.outputs[self.scenario.code][0]
        with warnings.catch_warnings():
            if not self.warns:
                warnings.simplefilter("ignore", Notice)
            for step in prediction_steps(self.plan_, last)[:-1]:
                values[step.key] = self._apply_step(step, values)
        step = self.plan_.steps[last]
        return find_kind(step.kind).source(self._work(step, values))

    def _apply_step(self, step: Step, values: Values) -> Any:
        work, kind = self._work(step, values), find_kind(step.kind)
        value = kind.apply(work, self.fitted_.get(step.key))
        if value is None:
            raise UserError(self._without_probabilities())
        return value

    def _work(self, step: Step, values: Values) -> Work:
        """Return a step's work for a prediction: without labels and inner folds."""
        inputs = tuple(source for source in step.inputs if source.key in values)
        slots = read_slots(
            replace(step, inputs=inputs), lambda source: values[source.key]
        )
        work = prepare_work(step, slots, n_jobs=self.n_jobs, base=self.base)
        return replace(work, given={**work.given, "n_classes": len(self.classes_)})

    @_plain_output
    def _probabilities(
        self, model: Classifier, features: object
    ) -> NDArray[np.float32]:
        probabilities = fitting.probabilities(model, features, len(self.classes_))
        if probabilities is None:
            raise UserError(self._without_probabilities())
        return probabilities

    def _without_probabilities(self) -> str:
        return (
            f"{self.scenario.code}: its model, or that of a member, gives no "
            f"probabilities. Set the model's parameter 'calibrate'."
        )


class ScenarioClassifier(ClassifierMixin, ScenarioEstimator):
    """All steps of one scenario, from the table to the label.

    Parameters and attributes are those of `ScenarioEstimator`.
    """

    def predict(self, X: pd.DataFrame) -> Labels:
        """Return the label of each row, of shape (n_rows,), in the labels' own dtype."""
        return self._decide(self.features(X))[0]

    def predict_scored(
        self, X: pd.DataFrame
    ) -> tuple[Labels, NDArray[np.float64] | None]:
        """Return labels and class scores, computing the features once.

        Returns
        -------
        labels : array of shape (n_rows,)
        scores : float64 array of shape (n_rows, n_classes) or None
            Probabilities if the model has them, else decision values; in the order of
            `classes_`.
        """
        features = self.features(X)
        labels, probability = self._decide(features)
        if probability is not None:
            return labels, probability[:, self.class_index_].astype(np.float64)
        return labels, self._decision(features) if _has_decision_function(
            self
        ) else None

    def any_model(self) -> Any:
        """Return the fitted model, or before `fit` an unfitted one of the same class.

        scikit-learn chooses between `predict_proba` and `decision_function` before
        fitting.
        """
        if hasattr(self, "model_"):
            return self.model_
        last = self.scenario["fusion" if self.scenario.members else "model"]
        option = find_option(self.scenario.modality, last)
        given = {"random_state": 0, "n_jobs": 1, "device": "cpu"}
        names = ("0", "1")
        return option.make(
            params=last.arguments,
            base=self.base,
            n_classes=len(names),
            classes=names,
            **given,
        )

    def class_scores(self, X: pd.DataFrame) -> NDArray[np.float64] | None:
        """Return the scores of `predict_scored`."""
        return self._scores(self.features(X))

    @available_if(_has_probabilities)
    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float32]:
        """Return probabilities of shape (n_rows, n_classes), in the order of `classes_`."""
        probabilities = self._probabilities(self.model_, self.features(X))
        return probabilities[:, self.class_index_]

    @available_if(_has_decision_function)
    def decision_function(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the model's score of each class, in the order of `classes_`.

        Returns
        -------
        float64 array of shape (n_rows, n_classes), or (n_rows,) for two classes
            As in scikit-learn, positive values predict the second of two classes.
        """
        scores = self._decision(self.features(X))
        return scores[:, 1] if scores.shape[1] == 2 else scores

    def _scores(self, features: object) -> NDArray[np.float64] | None:
        if _has_probabilities(self):
            probabilities = self._probabilities(self.model_, features)
            return probabilities[:, self.class_index_].astype(np.float64)
        return self._decision(features) if _has_decision_function(self) else None

    @_plain_output
    def _decide(self, features: object) -> tuple[Labels, NDArray[np.float32] | None]:
        """Return labels, and probabilities in the order of the steps' classes."""
        n_classes = len(self.classes_)
        codes, probability = fitting.decide(self.model_, features, n_classes)
        return self.classes_[np.argsort(self.class_index_)[codes]], probability

    @_plain_output
    def _decision(self, features: object) -> NDArray[np.float64]:
        """Return a score for each class; the lowest for a class without training rows.

        The language lever may exclude all training rows of a class.
        """
        scores = np.asarray(self.model_.decision_function(features), dtype=np.float64)
        if scores.ndim == 1:
            scores = np.column_stack([-scores, scores])
        shape = (len(scores), len(self.classes_))
        full = np.full(shape, np.finfo(np.float64).min)
        full[:, np.asarray(self.model_.classes_, dtype=np.int64)] = scores
        return full[:, self.class_index_]


class ScenarioClusterer(ClusterMixin, ScenarioEstimator):
    """All steps of one scenario, from the table to the cluster number.

    Parameters and attributes are those of `ScenarioEstimator`.
    """

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Fit all steps on a table.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
        y : sequence of n_rows labels, optional
            Only the number of classes is used, and only if the model's `n_clusters`
            is not given.

        Raises
        ------
        UserError
            If neither labels nor `n_clusters` are given, or a step before the model
            would learn from labels.
        """
        conflict = self.scenario.conflict()
        if conflict:
            message = f"{self.scenario.code}: is impossible: {conflict}."
            raise UserError(message)
        return super().fit(X, self._make_dummy_labels(X) if y is None else y)

    def _make_dummy_labels(self, X: pd.DataFrame) -> list[str]:
        """Return placeholder labels: no step of a clustering learns from labels."""
        if "n_clusters" not in self.scenario["model"].arguments:
            message = (
                f"{self.scenario.code}: the number of clusters is unknown. Set the "
                f"model's parameter 'n_clusters', or pass labels to fit."
            )
            raise UserError(message)
        return [str(row % 2) for row in range(len(X))]

    @_plain_output
    def predict(self, X: pd.DataFrame) -> NDArray[np.int32]:
        """Return the number of each row's cluster, from 0, of shape (n_rows,)."""
        features = self.features(X)
        clusters: NDArray[np.int32] = self.model_.predict(features)
        return clusters

    def fit_predict(self, X: pd.DataFrame, y: object = None) -> NDArray[np.int32]:
        """Fit on a table and return the clusters of its rows."""
        return self.fit(X, y).predict(X)


def as_frame(X: pd.DataFrame, labels: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a table with all of `types.COLUMNS`; missing columns are empty."""
    columns = {name: X[name] for name in X.columns if name != "label"}
    return fill_columns({**columns, "label": labels or [""] * len(X)})


def _as_seed(random_state: Any) -> int:
    """Return a seed as an int; parameter grids may contain NumPy integers."""
    try:
        return operator.index(random_state)
    except TypeError:
        message = f"random_state: must be an integer, not {random_state!r:.60}."
        raise UserError(message) from None
