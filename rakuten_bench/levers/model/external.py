from __future__ import annotations

from typing import Any

from rakuten_bench.registry import MODEL


@MODEL.option(
    "external", digit="y", needs="scikit-learn", reads=("frame",), file="path"
)
def external(path: str = "", *, n_classes: int) -> Any:
    """Take probabilities from a file (npz or CSV), by row id and class name."""
    from rakuten_bench.fusion.external import ExternalPredictions

    return ExternalPredictions(path, n_classes)
