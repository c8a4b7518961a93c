"""Explain a prediction: weights of a linear model, LIME, or occlusion of an image."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.activity import announce
from rakuten_bench.errors import MissingPackage, UserError, unknown
from rakuten_bench.registry.package import OPENCV, require

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer
    from rakuten_bench.scenario import Scenario

N_SHOWN = 15
_N_SAMPLES = 1_000  # perturbed texts that LIME classifies
#: Separates title and description; not a word, so that LIME never removes it.
_FIELD_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Explanation:
    """Contributions to the prediction of a class.

    Attributes
    ----------
    label : str
        The explained class.
    method : {"linear", "lime", "occlusion"}
    parts : tuple of (str, float)
        A word (or a field of the image) and its contribution, in descending order of
        the absolute value.
    rest : float
        Sum of all other contributions, including the intercept.
    score : float
        Sum of `rest` and all parts: for "linear" exactly the model's decision value,
        else its probability.
    grid : float64 array of shape (n, n) or None
        For an image, the decrease of the score when a field is covered.
    image_path : str
        Path of the image.
    head : str
        What was explained: the scenario's code, and the text or the row.
    """

    label: str
    method: Literal["linear", "lime", "occlusion"]
    parts: tuple[tuple[str, float], ...]
    rest: float
    score: float
    grid: NDArray[np.float64] | None = None
    image_path: str = ""
    head: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the contributions, of shape (n_parts, 1), indexed by part."""
        import pandas as pd

        table = pd.DataFrame(self.parts, columns=["part", "contribution"])
        return table.set_index("part")

    def to_html(self) -> str:
        """Return an HTML page without scripts or external references."""
        from rakuten_bench.deploy.page import render_explanation_page

        return render_explanation_page(self, self.head)

    def __str__(self) -> str:
        """Return a line with a bar for each contribution."""
        from rakuten_bench.deploy.page import render_explanation

        return render_explanation(self, self.head)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def refuse_clustering(scenario: Scenario) -> None:
    """Refuse a clustering, which predicts no class to explain.

    Raises
    ------
    UserError
    """
    if scenario.is_clustering:
        message = (
            f"{scenario.code}: is a clustering (model '{scenario['model'].option}'), "
            f"which predicts no class to explain."
        )
        raise UserError(message)


def text_row(
    model: ScenarioClassifier | ScenarioClusterer, text: str
) -> tuple[pd.DataFrame, str]:
    """Return a text as a row, and a description of it for messages.

    The text is the title, or the description if the model reads no title; the other
    columns are empty.

    Raises
    ------
    UserError
        If the model reads no text.
    """
    import pandas as pd

    columns = model.columns_
    column = next((name for name in ("title", "description") if name in columns), "")
    if not column:
        message = (
            f"{model.scenario_.code}: reads images only. Explain a row with an image: "
            f"--row ID"
        )
        raise UserError(message)
    suffix = ", without an image" if "image_path" in columns else ""
    row = pd.DataFrame([{**dict.fromkeys(columns, ""), column: text}])
    return row, f"'{text[:60]}'{suffix}"


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
        A fitted classifier.
    row : DataFrame of shape (1, n_columns)
    label : str, optional
        The class to explain; the predicted one if None.
    n_shown : int
        Number of parts to list.

    Raises
    ------
    UserError
        If the label is unknown, or the model cannot be explained, such as a clustering.
    MissingPackage
        If LIME is needed but not installed.
    """
    from rakuten_bench.pipeline.estimator import ScenarioClassifier

    announce("explaining the prediction of %s", model.scenario_.code)
    refuse_clustering(model.scenario_)
    assert isinstance(model, ScenarioClassifier)
    code = _class_code(model, row, label)
    if not model.scenario_.reads("text"):
        return occlude(model, row, code)
    linear = linear_parts(model, row, code)
    if linear is not None:
        return _keep_largest(model, code, *linear, n_shown)
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
    if model.scenario_.modality == "fusion":  # its weights apply to its members
        return None
    final = model.model_
    names = feature_names(model)
    if not hasattr(final, "coef_") or names is None:
        return None
    weights, intercepts = np.atleast_2d(final.coef_), np.atleast_1d(final.intercept_)
    learned = np.flatnonzero(final.classes_ == model.class_index_[code])
    if not learned.size:
        message = (
            f"class '{model.classes_[code]}': the model was not trained on it: the "
            f"language lever left no training rows of this class."
        )
        raise UserError(message)
    class_row = int(learned[0])
    sign = 1.0
    if len(weights) == 1:  # two classes share one row of weights
        sign, class_row = (1.0 if class_row == 1 else -1.0), 0
    features = model.features(row)
    values = np.asarray(
        features.todense() if hasattr(features, "todense") else features
    )
    contributions = sign * values[0] * weights[class_row]
    return contributions, names, sign * float(intercepts[class_row])


def feature_names(model: ScenarioClassifier) -> Sequence[str] | None:
    """Return the names of the model's features, or None if they have no names."""
    names: Any = None
    for key, step in model.plan_.steps.items():
        estimator: Any = model.fitted_.get(key)
        if step.kind != "transform" or estimator is None:
            continue
        if not hasattr(estimator, "get_feature_names_out"):
            return None
        names = estimator.get_feature_names_out(names)
        if step.lever == "reducer" and step.choices[0].option in ("svd", "pca"):
            return None  # names such as "svd0" explain nothing
    return None if names is None else list(map(str, names))


def _keep_largest(
    model: ScenarioClassifier,
    code: int,
    parts: NDArray[np.float64],
    names: Sequence[str],
    intercept: float,
    n_shown: int,
) -> Explanation:
    order = np.argsort(-np.abs(parts), kind="stable")[:n_shown]
    largest = tuple((str(names[i]), float(parts[i])) for i in order if parts[i] != 0)
    score = float(parts.sum() + intercept)
    rest = score - sum(value for _, value in largest)
    return Explanation(str(model.classes_[code]), "linear", largest, rest, score)


def explain_by_lime(
    model: ScenarioClassifier, row: pd.DataFrame, code: int, n_shown: int
) -> Explanation:
    """Explain any text model by removing words (Ribeiro, Singh & Guestrin, 2016).

    Words are removed from title and description; the image of a fusion is unchanged.
    """
    try:
        from lime.lime_text import LimeTextExplainer
    except ImportError:
        message = (
            f"{model.scenario_.code}: its model is not linear; explaining it needs the "
            f'package lime. Run: pip install "rakuten-bench[explain]"'
        )
        raise MissingPackage(message) from None
    text = _FIELD_SEPARATOR.join(
        str(row[column].iloc[0]) if column in row else ""
        for column in ("title", "description")
    )

    def predict_texts(texts: list[str]) -> NDArray[np.float64]:
        return _probabilities(model, _with_texts(row, texts))

    explainer = LimeTextExplainer(random_state=model.random_state)
    local_model = explainer.explain_instance(
        text,
        predict_texts,
        labels=(code,),
        num_features=n_shown,
        num_samples=_N_SAMPLES,
    )
    parts = tuple(
        (str(word), float(value)) for word, value in local_model.as_list(label=code)
    )
    score = float(predict_texts([text])[0, code])
    rest = score - sum(value for _, value in parts)
    return Explanation(str(model.classes_[code]), "lime", parts, rest, score)


def _with_texts(row: pd.DataFrame, texts: Sequence[str]) -> pd.DataFrame:
    """Return a copy of a row for each text, with this title and description."""
    pairs = [str(text).partition(_FIELD_SEPARATOR) for text in texts]
    rows = row.iloc[[0] * len(pairs)].reset_index(drop=True)
    return rows.assign(
        title=[title for title, _, _ in pairs],
        description=[description for _, _, description in pairs],
    )


def _probabilities(
    model: ScenarioClassifier, rows: pd.DataFrame
) -> NDArray[np.float64]:
    """Return probabilities, or the softmax of the scores of a model without them."""
    scores = model.class_scores(rows)
    if scores is None:
        message = f"{model.scenario_.code}: its model has no scores to explain."
        raise UserError(message)
    if hasattr(model, "predict_proba"):
        return scores
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def occlude(
    model: ScenarioClassifier, row: pd.DataFrame, code: int, n_fields: int = 7
) -> Explanation:
    """Measure how the score changes when one field of the image is covered.

    Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", 2014.

    Raises
    ------
    UserError
        If the row has no readable image.
    MissingPackage
        If OpenCV is not installed.
    """
    require("explaining an image", (OPENCV,))
    import cv2

    path = row["image_path"].iloc[0] if "image_path" in row else ""
    image = cv2.imread(path) if path else None
    if image is None:
        message = (
            f"{model.scenario_.code}: reads images only, and '{path}' is not a readable "
            f"image. Explain a row with an image: --row ID"
        )
        raise UserError(message)
    with tempfile.TemporaryDirectory() as folder:
        paths = [path, *_covered(image, Path(folder), n_fields)]
        scores = _probabilities(model, _images_of(paths))[:, code]
    decreases = (scores[0] - scores[1:]).reshape(n_fields, n_fields)
    order = np.argsort(-np.abs(decreases), axis=None)[:N_SHOWN]
    parts = tuple(
        (
            f"row {i // n_fields + 1}, column {i % n_fields + 1}",
            float(decreases.flat[i]),
        )
        for i in order
    )
    rest = float(scores[0]) - sum(value for _, value in parts)
    label, score = str(model.classes_[code]), float(scores[0])
    return Explanation(label, "occlusion", parts, rest, score, decreases, path)


def _covered(
    image: NDArray[np.integer | np.floating], folder: Path, n_fields: int
) -> list[str]:
    """Write a copy of the image for each field, with it filled with the mean color."""
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
