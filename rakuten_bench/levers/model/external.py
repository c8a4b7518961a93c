from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rakuten_bench.registry import MODEL, Files
from rakuten_bench.types import Classifier, Params, Wanted


def _check(params: Params, wanted: Wanted) -> Iterator[str]:
    from rakuten_bench.fusion.external import find_problems

    yield from find_problems(params["path"], params["kind"], wanted)


@MODEL.option(
    "external",
    digit="y",
    needs="scikit-learn",
    reads=("frame",),
    columns=("id",),
    files=Files("path", check=_check),
    columns_by=lambda _: ("id",),
)
def external(
    path: str = "",
    kind: Literal["probabilities", "logits"] = "probabilities",
    *,
    classes: tuple[str, ...],
) -> Classifier:
    """Read probabilities from a file (npz or CSV), by row id and class name.

    `path` is relative to the scenario file. A CSV file has a column `id` and one column
    for each class, under the label's name; an npz file has the arrays `id` (n_rows),
    `classes` (n_classes) and `probability` (n_rows, n_classes), as a record's
    predictions.npz has. Ids are those of the data set's id column, or row numbers from 0
    if it has none. Each row sums to 1; with `kind: logits` the numbers go through a
    softmax first. The file needs the test rows; for fusion `weighted` or `stacking` the
    training rows too, each predicted by a model that had not seen it.
    """
    from rakuten_bench.fusion.external import ExternalPredictions

    return ExternalPredictions(path, classes, kind)
