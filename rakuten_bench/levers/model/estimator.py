from __future__ import annotations

from typing import Any, Literal

from rakuten_bench.registry import MODEL
from rakuten_bench.registry.code import load
from rakuten_bench.types import Classifier, Params

_SLOTS = {"text": ("texts",), "rows": ("frame",), "features": ("features",)}


def _state(params: Params) -> str:
    from rakuten_bench.estimator.own import describe, make_estimator

    return describe(make_estimator(load(params["path"]), params["params"]))


@MODEL.option(
    "estimator",
    digit="o",
    needs="scikit-learn",
    modalities=("text",),
    reads=("texts", "frame", "features"),
    reads_by=lambda params: _SLOTS[params["input"]],
    columns_by=lambda _: ("title", "description", "language"),
    code="path",
    state=_state,
)
def estimator(
    path: str = "",
    input: Literal["text", "rows", "features"] = "text",
    params: dict[str, Any] | None = None,
    labels: Literal["names", "codes"] = "names",
    probability: bool = True,
    *,
    classes: tuple[str, ...],
    random_state: int,
    n_jobs: int = 1,
) -> Classifier:
    """Your own scikit-learn estimator, or whole pipeline.

    `path` names a function or class that gives it unfitted, or the estimator itself:
    `my_models.make_pipeline` beside the scenario file or in an installed package, or
    `my_models.py:make_pipeline`; `params` are the function's arguments. With `input:
    text` it gets a Series of texts, made by the levers `fields` and `cleaner`; with
    `rows` a DataFrame with the columns title, description and language; with `features`
    what the levers before the model make. It is fitted on the labels as texts, or with
    `labels: codes` on numbers from 0.
    """
    from rakuten_bench.estimator.own import OwnEstimator, make_estimator

    return OwnEstimator(
        make_estimator(load(path), params),
        classes,
        labels,
        probability=probability,
        random_state=random_state,
        n_jobs=n_jobs,
    )
