"""Why a model said what it said: words of a linear model, LIME, or parts of an image."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.errors import MissingPackage, UserError, unknown

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer
    from rakuten_bench.scenario import Scenario

N_SHOWN = 15
_N_SAMPLES = 1_000  # texts that LIME asks the model about
_BETWEEN = "\x1f"  # title and description; no word, so LIME never takes it away


@dataclass(frozen=True)
class Explanation:
    """What spoke for and against a class.

    Attributes
    ----------
    label : str
        The class that is explained.
    method : {"linear", "lime", "occlusion"}
    parts : tuple of (str, float)
        A word (or a field of the image) and its contribution, by size.
    rest : float
        The sum of what is not listed: further features, and the intercept.
    score : float
        `rest` and all parts together; for "linear" exactly the model's decision value,
        else its probability.
    grid : float64 array of shape (n, n) or None
        For an image: how much the score falls when that field is covered.
    image_path : str
        Of that image.
    """

    label: str
    method: Literal["linear", "lime", "occlusion"]
    parts: tuple[tuple[str, float], ...]
    rest: float
    score: float
    grid: NDArray[np.float64] | None = None
    image_path: str = ""


def refuse_clustering(scenario: Scenario) -> None:
    """Say that a clustering predicts no class that could be explained.

    Raises
    ------
    UserError
    """
    if scenario.is_clustering:
        message = (
            f"{scenario.code}: is a clustering (model '{scenario['model'].option}'): it "
            f"predicts no class that could be explained."
        )
        raise UserError(message)


def text_row(
    model: ScenarioClassifier | ScenarioClusterer, text: str
) -> tuple[pd.DataFrame, str]:
    """Return a text as a row, and how to call it.

    It stands for the title, or for the description where the model reads no title; what
    else the model reads is empty.

    Raises
    ------
    UserError
        If the model reads no text.
    """
    import pandas as pd

    columns = model.columns_
    place = next((name for name in ("title", "description") if name in columns), "")
    if not place:
        message = (
            f"{model.scenario.code}: looks at images only. Explain a row that has one: "
            f"--row ID"
        )
        raise UserError(message)
    blind = ", without an image" if "image_path" in columns else ""
    row = pd.DataFrame([{**dict.fromkeys(columns, ""), place: text}])
    return row, f"'{text[:60]}'{blind}"


def explain_row(
    model: ScenarioClassifier | ScenarioClusterer,
    row: pd.DataFrame,
    *,
    label: str | None = None,
    n_shown: int = N_SHOWN,
) -> Explanation:
    """Explain the prediction of one row.

    Parameters
    ----------
    model : ScenarioClassifier
        Fitted.
    row : DataFrame of shape (1, n_columns)
    label : str, optional
        The class to explain; the predicted one where None.
    n_shown : int

    Raises
    ------
    UserError
        If the label is unknown, or nothing can explain the model, as with a clustering.
    MissingPackage
        If LIME is needed and not installed.
    """
    from rakuten_bench.pipeline.estimator import ScenarioClassifier

    refuse_clustering(model.scenario)
    assert isinstance(model, ScenarioClassifier)
    code = _class_code(model, row, label)
    if not model.scenario.reads("text"):
        return occlude(model, row, code)
    linear = linear_parts(model, row, code)
    if linear is not None:
        return _shorten(model, code, *linear, n_shown)
    return explain_by_lime(model, row, code, n_shown)


def _class_code(model: ScenarioClassifier, row: pd.DataFrame, label: str | None) -> int:
    classes = list(map(str, model.classes_))
    wanted = str(model.predict(row)[0] if label is None else label)
    if wanted not in classes:
        raise UserError(unknown("class", wanted, classes))
    return classes.index(wanted)


def linear_parts(
    model: ScenarioClassifier, row: pd.DataFrame, code: int
) -> tuple[NDArray[np.float64], Sequence[str], float] | None:
    """Return contributions, names and intercept of a linear model, or None.

    The contributions and the intercept sum to the decision value exactly.
    """
    if model.scenario.modality == "fusion":  # its weights are those of its members
        return None
    final = model.model_
    names = feature_names(model)
    if not hasattr(final, "coef_") or names is None:
        return None
    weights, intercepts = np.atleast_2d(final.coef_), np.atleast_1d(final.intercept_)
    learned = np.flatnonzero(final.classes_ == model.class_index_[code])
    if not learned.size:
        message = (
            f"class '{model.classes_[code]}': the model saw no training row of it; the "
            f"language lever left none."
        )
        raise UserError(message)
    place = int(learned[0])
    sign = 1.0
    if len(weights) == 1:  # two classes share one row of weights
        sign, place = (1.0 if place == 1 else -1.0), 0
    features = model.features(row)
    values = np.asarray(
        features.todense() if hasattr(features, "todense") else features
    )
    return sign * values[0] * weights[place], names, sign * float(intercepts[place])


def feature_names(model: ScenarioClassifier) -> Sequence[str] | None:
    """Return the names of what the model learns from, or None where it has none."""
    names: Any = None
    for key, step in model.plan_.steps.items():
        estimator: Any = model.fitted_.get(key)
        if step.kind != "transform" or estimator is None:
            continue
        if not hasattr(estimator, "get_feature_names_out"):
            return None
        names = estimator.get_feature_names_out(names)
        if step.lever == "reducer" and step.choices[0].option in ("svd", "pca"):
            return None  # "svd0" tells nobody anything
    return None if names is None else list(map(str, names))


def _shorten(
    model: ScenarioClassifier,
    code: int,
    parts: NDArray[np.float64],
    names: Sequence[str],
    intercept: float,
    n_shown: int,
) -> Explanation:
    order = np.argsort(-np.abs(parts), kind="stable")[:n_shown]
    shown = tuple((str(names[i]), float(parts[i])) for i in order if parts[i] != 0)
    score = float(parts.sum() + intercept)
    rest = score - sum(value for _, value in shown)
    return Explanation(str(model.classes_[code]), "linear", shown, rest, score)


def explain_by_lime(
    model: ScenarioClassifier, row: pd.DataFrame, code: int, n_shown: int
) -> Explanation:
    """Explain any text model by leaving out words (Ribeiro, Singh & Guestrin, 2016).

    Title and description stay apart, and the picture of a fusion stays as it is.
    """
    try:
        from lime.lime_text import LimeTextExplainer
    except ImportError:
        message = (
            f"{model.scenario.code}: its model is not linear; explaining it needs the "
            f'package lime. Run: pip install "rakuten-bench[explain]"'
        )
        raise MissingPackage(message) from None
    text = _BETWEEN.join(
        str(row[column].iloc[0]) if column in row else ""
        for column in ("title", "description")
    )

    def ask(texts: list[str]) -> NDArray[np.float64]:
        return _probabilities(model, _with_texts(row, texts))

    explainer = LimeTextExplainer(random_state=model.random_state)
    found = explainer.explain_instance(
        text, ask, labels=(code,), num_features=n_shown, num_samples=_N_SAMPLES
    )
    parts = tuple(
        (str(word), float(value)) for word, value in found.as_list(label=code)
    )
    score = float(ask([text])[0, code])
    rest = score - sum(value for _, value in parts)
    return Explanation(str(model.classes_[code]), "lime", parts, rest, score)


def _with_texts(row: pd.DataFrame, texts: Sequence[str]) -> pd.DataFrame:
    """Return a row once for each text, with that text in place of its own."""
    pairs = [str(text).partition(_BETWEEN) for text in texts]
    rows = row.iloc[[0] * len(pairs)].reset_index(drop=True)
    return rows.assign(
        title=[title for title, _, _ in pairs],
        description=[description for _, _, description in pairs],
    )


def _probabilities(
    model: ScenarioClassifier, rows: pd.DataFrame
) -> NDArray[np.float64]:
    """Return probabilities; the softmax of the scores where a model has none."""
    scores = model.class_scores(rows)
    if scores is None:
        message = f"{model.scenario.code}: its model gives no scores to explain."
        raise UserError(message)
    if hasattr(model, "predict_proba"):
        return scores
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def occlude(
    model: ScenarioClassifier, row: pd.DataFrame, code: int, n_fields: int = 7
) -> Explanation:
    """Cover one field of the image after the other and watch the score.

    Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", 2014.

    Raises
    ------
    UserError
        If the row has no image that can be read.
    """
    import cv2

    path = row["image_path"].iloc[0] if "image_path" in row else ""
    image = cv2.imread(path) if path else None
    if image is None:
        message = (
            f"{model.scenario.code}: looks at images only, and there is none at "
            f"'{path}'. Explain a row that has one: --row ID"
        )
        raise UserError(message)
    with tempfile.TemporaryDirectory() as folder:
        paths = [path, *_covered(image, Path(folder), n_fields)]
        scores = _probabilities(model, _images_of(paths))[:, code]
    falls = (scores[0] - scores[1:]).reshape(n_fields, n_fields)
    order = np.argsort(-np.abs(falls), axis=None)[:N_SHOWN]
    parts = tuple(
        (f"row {i // n_fields + 1}, column {i % n_fields + 1}", float(falls.flat[i]))
        for i in order
    )
    rest = float(scores[0]) - sum(value for _, value in parts)
    label, score = str(model.classes_[code]), float(scores[0])
    return Explanation(label, "occlusion", parts, rest, score, falls, path)


def _covered(
    image: NDArray[np.integer | np.floating], folder: Path, n_fields: int
) -> list[str]:
    """Write a copy of the image for each field, with that field in the mean colour."""
    import cv2

    height, width = image.shape[:2]
    tops = np.linspace(0, height, n_fields + 1).astype(int)
    lefts = np.linspace(0, width, n_fields + 1).astype(int)
    mean = image.reshape(-1, image.shape[-1]).mean(axis=0)
    paths = []
    for row in range(n_fields):
        for column in range(n_fields):
            copy = image.copy()
            copy[tops[row] : tops[row + 1], lefts[column] : lefts[column + 1]] = mean
            paths.append(str(folder / f"{row}-{column}.png"))
            cv2.imwrite(paths[-1], copy)
    return paths


def _images_of(paths: list[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"image_path": paths})
