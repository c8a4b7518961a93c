from __future__ import annotations

from typing import Any, Literal

from rakuten_bench.registry import MODEL
from rakuten_bench.registry.code import load
from rakuten_bench.types import Classifier, Params

_SLOTS = {"rows": ("frame",), "features": ("features",)}


def _state(params: Params) -> str:
    from rakuten_bench.estimator.own import describe, make_estimator

    return describe(make_estimator(load(params["path"]), params["params"]))


@MODEL.option(
    "estimator",
    digit="o",
    needs="scikit-learn",
    modalities=("image",),
    reads=("frame", "features"),
    reads_by=lambda params: _SLOTS[params["input"]],
    columns=("image_path",),
    columns_by=lambda _: ("image_path", "title", "description", "language"),
    code="path",
    state=_state,
)
def estimator(
    path: str = "",
    input: Literal["rows", "features"] = "rows",
    params: dict[str, Any] | None = None,
    labels: Literal["names", "codes"] = "names",
    probability: bool = True,
    *,
    classes: tuple[str, ...],
    random_state: int,
    n_jobs: int = 1,
) -> Classifier:
    """Your own scikit-learn estimator, or whole pipeline, of images.

    As for texts, but with `input: rows` the DataFrame also has the column image_path:
    the image's file, "" for none.
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
