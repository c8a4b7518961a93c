"""A scenario as a scikit-learn classifier, or clusterer.

It runs the steps of the scenario's plan with the same options as the engine, so that it
gives the predictions of the record; only the engine shares steps between scenarios.

    model = build(vectorizer="tfidf", model={"logreg": {"C": 10}})
    model.fit(texts, labels).predict(other_texts)

The levers are its parameters. A scenario whose model clusters gives a clusterer:
`predict` returns cluster numbers.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import ClassifierMixin, ClusterMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from rakuten_bench.data.build import fill_columns
from rakuten_bench.data.grouping import find_groups
from rakuten_bench.errors import Notice, UserError
from rakuten_bench.pipeline import fitting, prepare_work, read_slots, run_step
from rakuten_bench.pipeline.column import (
    check_columns,
    choose_columns,
    columns_read,
    prediction_steps,
)
from rakuten_bench.pipeline.kind import Work, find_kind
from rakuten_bench.pipeline.label import check_order, check_two_classes, read_labels
from rakuten_bench.pipeline.lever import FusionLevers, ImageLevers, Levers, TextLevers
from rakuten_bench.pipeline.row import read_rows
from rakuten_bench.pipeline.table import explained, input_table
from rakuten_bench.pipeline.target import Targets
from rakuten_bench.pipeline.weight import fit_weighted, read_weights
from rakuten_bench.plan import Step
from rakuten_bench.plan.build import build_plan
from rakuten_bench.scenario import Scenario, find_option, from_code
from rakuten_bench.scenario.load import read_scenario, write_scenario
from rakuten_bench.types import Classifier, Dataset, Fold, Labels, Modality, Values

if TYPE_CHECKING:
    import pandas as pd

_FOLD = "0"

#: Steps exchange arrays and sparse matrices, independent of `sklearn.set_config`.
_plain_output = config_context(transform_output="default")


def _has_probabilities(model: ScenarioClassifier) -> bool:
    return hasattr(model.any_model(), "predict_proba")


def _has_decision_function(model: ScenarioClassifier) -> bool:
    return hasattr(model.any_model(), "decision_function")


class ScenarioEstimator(Levers):
    """All steps of one scenario, from the table to the model's output.

    Attributes
    ----------
    scenario_ : Scenario
        What was fitted.
    classes_ : array of shape (n_classes,)
        The unique labels, in the order of `np.unique` and in the labels' own dtype.
    class_index_ : int64 array of shape (n_classes,)
        Index of each of `classes_` within the steps, `model_` included.
    columns_ : tuple of str
        The columns of `types.COLUMNS` that a prediction reads: those that the scenario
        reads and that the training table had.
    n_features_in_ : int
        Number of columns of the training table; missing if it was a single column
        without a name.
    feature_names_in_ : object array of shape (n_features_in_,)
        Their names, if all are texts.
    plan_ : Plan
    fitted_ : dict of str to estimator
        Fitted estimators of the learned steps, by key.
    model_ : estimator
        The last of them.
    warns : bool
        Whether predictions emit the notices of steps as warnings, as `fit` does.
    """

    warns = False
    model_: Any

    def __sklearn_tags__(self) -> Tags:
        """Return scikit-learn's tags: texts or paths, as a table or one column."""
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.allow_nan = True  # a missing text is empty
        return tags

    @_plain_output
    def _fit(
        self,
        X: Any,
        y: object,
        *,
        validation: object = None,
        weights: NDArray[np.floating] | None = None,
    ) -> Self:
        """Fit all steps; see `ScenarioClassifier.fit`."""
        scenario, seed = self.scenario, _as_seed(self.random_state)
        refuse_conflict(scenario)
        plan = build_plan(
            [scenario],
            dataset="",
            split="",
            folds=[_FOLD],
            seed=seed,
            has_validation=validation is not None,
            base=self._folder(),
        )
        rows = read_rows(X, columns_read(plan, scenario))
        check_order(rows, y)
        labels = read_labels(y, len(rows))
        if not scenario.is_clustering:
            check_two_classes(labels)
        columns = choose_columns(plan, scenario, rows)
        held = _read_mask(validation, len(rows))
        if hasattr(self, "model_"):
            del self.model_  # so that a failed fit leaves no mixture of two
        self._note_features(X)
        self.scenario_, self.plan_, self.columns_ = scenario, plan, columns
        self.classes_, self.class_index_ = labels.classes, labels.index
        self.fitted_: dict[str, Any] = {}
        values = self._roots(as_frame(rows, labels.rows), held, seed)
        for step in plan.steps.values():
            values[step.key] = self._fit_step(step, values, weights)
        self.model_ = self.fitted_[plan.outputs[scenario.code][0]]
        return self

    def _roots(
        self, frame: pd.DataFrame, validation: NDArray[np.bool_], seed: int
    ) -> dict[str, object]:
        """Return the table and the targets; rows not for validation are for training."""
        data = Dataset("fit", frame, "")
        train, held = np.flatnonzero(~validation), np.flatnonzero(validation)
        fold = Fold(_FOLD, train, train[:0], held)
        groups = find_groups(data, by_image=self.scenario_.reads("image"))
        targets = Targets(data.y, data.classes, groups, [fold], seed)
        by_key = {key: targets.find(name) for key, name in self.plan_.targets.items()}
        return {self.plan_.frame: input_table(frame), **by_key}

    def _note_features(self, X: Any) -> None:
        """Set `n_features_in_` and `feature_names_in_`, or remove those of another fit."""
        names = getattr(X, "columns", None)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, name):
                delattr(self, name)
        if names is not None:
            self.n_features_in_ = len(names)
            if all(isinstance(name, str) for name in names):
                self.feature_names_in_ = np.array([*names], dtype=object)

    def _fit_step(
        self, step: Step, values: Values, weights: NDArray[np.floating] | None
    ) -> Any:
        """Compute a step's value for the training rows and keep its fitted estimator."""
        slots = read_slots(step, lambda source: values[source.key])
        settings = self._run_settings()
        if step.fold is not None and step.fold.is_inner:
            return run_step(step, slots, **settings)
        work, kind = prepare_work(step, slots, **settings), find_kind(step.kind)
        if weights is not None and kind.is_last:
            self.fitted_[step.key] = fit_weighted(work, weights)
            return None
        with explained(work.option):
            learned, value = kind.fit(work)
        if learned is not None:
            self.fitted_[step.key] = learned
        return value

    def _run_settings(self) -> dict[str, Any]:
        """Return the arguments of `prepare_work` that are parameters."""
        return {"n_jobs": effective_n_jobs(self.n_jobs), "base": self._folder()}

    @_plain_output
    def features(self, X: Any) -> Any:
        """Return the model's input for the rows of a table.

        Raises
        ------
        UserError
            If the table has no rows, or lacks one of `columns_`.
        """
        check_is_fitted(self, "model_")
        rows = read_rows(X, self.columns_)
        check_columns(rows, self.columns_)
        table = input_table(as_frame(rows[[*self.columns_]]))
        values: dict[str, object] = {self.plan_.frame: table}
        last = self.plan_.outputs[self.scenario_.code][0]
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
        work = prepare_work(step, slots, **self._run_settings())
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
            f"{self.scenario_.code}: its model, or that of a member, gives no "
            f"probabilities. Set the model's parameter 'calibrate'."
        )


class ScenarioClassifier(ClassifierMixin, ScenarioEstimator):
    """All steps of one scenario, from the table to the label.

    Attributes are those of `ScenarioEstimator`.
    """

    def fit(
        self,
        X: Any,
        y: object,
        sample_weight: object = None,
        *,
        validation: object = None,
    ) -> Self:
        """Fit all steps on a table, or on one column.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns), or array-like of shape (n_rows,)
            A table has some of `types.COLUMNS`; missing columns count as empty, and
            predictions don't read them either. One column without a name is that of
            the texts, or for a scenario of images that of their paths.
        y : sequence of n_rows labels
            Texts, whole numbers or booleans.
        sample_weight : array-like of n_rows, optional
            Weights of the rows for the model; no other step uses them.
        validation : bool sequence of n_rows, optional
            Rows for model selection in searches and learned fusions; no other step
            learns from them. By default, folds inside the training rows are used.

        Raises
        ------
        UserError
            If a parameter is invalid, the table has none of the columns that the
            scenario reads, there are fewer than two classes, lengths differ, labels are
            missing, or the model takes no weights.
        """
        if sample_weight is None:
            return self._fit(X, y, validation=validation)
        model = self._unfitted_model()
        weights = read_weights(sample_weight, X, model, self.scenario)
        return self._fit(X, y, validation=validation, weights=weights)

    def predict(self, X: Any) -> Labels:
        """Return the label of each row, of shape (n_rows,), in the labels' own dtype."""
        return self._decide(self.features(X))[0]

    def predict_scored(self, X: Any) -> tuple[Labels, NDArray[np.float64] | None]:
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
        return self.model_ if hasattr(self, "model_") else self._unfitted_model()

    def _unfitted_model(self) -> Any:
        """Return the model of the scenario, or the rule of a fusion, for two classes."""
        scenario = self.scenario
        last = scenario["fusion" if scenario.members else "model"]
        names = ("0", "1")
        option = find_option(scenario.modality, last)
        return option.make(
            params=last.resolved(option),
            base=self._folder(),
            random_state=0,
            n_jobs=1,
            device="cpu",
            n_classes=len(names),
            classes=names,
        )

    def class_scores(self, X: Any) -> NDArray[np.float64] | None:
        """Return the scores of `predict_scored`."""
        return self._scores(self.features(X))

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Return probabilities of shape (n_rows, n_classes), in the order of `classes_`."""
        features = self.features(X)
        return self._probabilities(self.model_, features)[:, self.class_index_]

    @available_if(_has_decision_function)
    def decision_function(self, X: Any) -> NDArray[np.float64]:
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

    Attributes
    ----------
    labels_ : int32 array of shape (n_rows,)
        The cluster of each training row. The others are those of `ScenarioEstimator`.
    """

    def fit(self, X: Any, y: object = None) -> Self:
        """Fit all steps on a table, or on one column.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns), or array-like of shape (n_rows,)
        y : sequence of n_rows labels, optional
            Only the number of classes is used, and only if the model's `n_clusters`
            is not given.

        Raises
        ------
        UserError
            If neither labels nor `n_clusters` are given, or a step before the model
            would learn from labels.
        """
        refuse_conflict(self.scenario)
        self._fit(X, self._make_dummy_labels(X) if y is None else y)
        self.labels_ = self.predict(X)
        return self

    def _make_dummy_labels(self, X: Any) -> list[str]:
        """Return placeholder labels: no step of a clustering learns from labels."""
        scenario = self.scenario
        if "n_clusters" not in scenario["model"].arguments:
            message = (
                f"{scenario.code}: the number of clusters is unknown. Set the "
                f"model's parameter 'n_clusters', or pass labels to fit."
            )
            raise UserError(message)
        return [str(row % 2) for row in range(len(X))]

    @_plain_output
    def predict(self, X: Any) -> NDArray[np.int32]:
        """Return the number of each row's cluster, from 0, of shape (n_rows,)."""
        features = self.features(X)
        clusters: NDArray[np.int32] = self.model_.predict(features)
        return clusters

    def fit_predict(self, X: Any, y: object = None) -> NDArray[np.int32]:
        """Fit on a table and return the clusters of its rows."""
        return self.fit(X, y).labels_


class TextClassifier(ScenarioClassifier, TextLevers):
    """A scenario of texts as a scikit-learn classifier."""


class ImageClassifier(ScenarioClassifier, ImageLevers):
    """A scenario of images as a scikit-learn classifier."""


class FusionClassifier(ScenarioClassifier, FusionLevers):
    """Several scenarios, combined, as a scikit-learn classifier."""


class TextClusterer(ScenarioClusterer, TextLevers):
    """A scenario of texts that clusters, as a scikit-learn clusterer."""


class ImageClusterer(ScenarioClusterer, ImageLevers):
    """A scenario of images that clusters, as a scikit-learn clusterer."""


_CLASSIFIERS: Mapping[Modality, type[ScenarioClassifier]] = {
    "text": TextClassifier,
    "image": ImageClassifier,
    "fusion": FusionClassifier,
}
_CLUSTERERS: Mapping[Modality, type[ScenarioClusterer]] = {
    "text": TextClusterer,
    "image": ImageClusterer,
}


def build(
    scenario: str | Scenario | None = None,
    *,
    random_state: int = 123,
    n_jobs: int | None = 1,
    base: Path | str | None = None,
    plugins: Sequence[Path | str] = (),
    **levers: Any,
) -> ScenarioClassifier | ScenarioClusterer:
    """Return the unfitted classifier of a scenario, or clusterer.

    Parameters
    ----------
    scenario : str or Scenario, optional
        A code without parameters, or a scenario.
    random_state : int
        Seed of the run.
    n_jobs : int or None
        Number of threads that an option may use.
    base : Path or str, optional
        Folder that paths in parameters are relative to; the working directory by
        default.
    plugins : sequence of Path or str
        Files with options of the user's own, relative to `base`.
    **levers
        Options of levers, which replace those of `scenario`: a name, or a mapping from
        it to parameters, such as `model={"logreg": {"C": 10}}`; for a fusion also its
        `members`, and `modality` if the levers do not determine it.

    Raises
    ------
    UserError
        If the code or a lever is invalid, or the combination is impossible.
    """
    is_given = scenario is not None or not levers
    chosen = _write_levers(scenario) if is_given else {}
    folder = None if base is None else Path(base)
    files = [Path(file) for file in plugins]
    whole = read_scenario(chosen | levers, folder, files)
    refuse_conflict(whole)
    kind = (_CLUSTERERS if whole.is_clustering else _CLASSIFIERS)[whole.modality]
    values = {name: value for name, value in levers.items() if name != "modality"}
    params = write_scenario(whole) | values
    settings: dict[str, Any] = {"random_state": random_state, "n_jobs": n_jobs}
    return kind(**params, **settings, base=base, plugins=tuple(plugins))


def _write_levers(given: object) -> dict[str, Any]:
    scenario = from_code(given) if isinstance(given, str) else given
    if not isinstance(scenario, Scenario):
        message = f"build: {given!r:.60} is not a code, such as 'T0010-0120-0000'."
        raise UserError(message)
    return {"modality": scenario.modality, **write_scenario(scenario)}


def refuse_conflict(scenario: Scenario) -> None:
    """Refuse an impossible combination of options.

    Raises
    ------
    UserError
    """
    conflict = scenario.conflict()
    if conflict:
        message = f"{scenario.code}: is impossible: {conflict}."
        raise UserError(message)


def as_frame(X: pd.DataFrame, labels: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a table with all of `types.COLUMNS`; missing columns are empty."""
    columns = {name: X[name] for name in X.columns if name != "label"}
    return fill_columns({**columns, "label": labels or [""] * len(X)})


def _read_mask(validation: object, n_rows: int) -> NDArray[np.bool_]:
    """Return which rows are for validation; none by default.

    Raises
    ------
    UserError
        If there is not one boolean for each row.
    """
    if validation is None:
        return np.zeros(n_rows, dtype=bool)
    mask = np.array(validation)
    if mask.shape != (n_rows,) or mask.dtype != bool:
        message = f"validation: expected {n_rows:,} booleans, one for each row."
        raise UserError(message)
    return mask


def _as_seed(random_state: Any) -> int:
    """Return a seed as an int; parameter grids may contain NumPy integers."""
    try:
        return operator.index(random_state)
    except TypeError:
        message = f"random_state: must be an integer, not {random_state!r:.60}."
        raise UserError(message) from None
