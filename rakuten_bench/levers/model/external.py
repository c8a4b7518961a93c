from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rakuten_bench.registry import MODEL


def _lacks(params: Mapping[str, Any]) -> str:
    path = params["path"]
    return "" if Path(path).is_file() else f"path: no file '{path}'"


@MODEL.option(
    "external",
    digit="y",
    needs="scikit-learn",
    reads=("frame",),
    file="path",
    lacks=_lacks,
)
def external(path: str = "", *, n_classes: int) -> Any:
    """Take probabilities from a file (npz or CSV), by row id and class name."""
    from rakuten_bench.fusion.external import ExternalPredictions

    return ExternalPredictions(path, n_classes)
