from __future__ import annotations

from typing import TYPE_CHECKING

from rakuten_bench.levers.fields.number import columns_of, extra
from rakuten_bench.registry import FIELDS
from rakuten_bench.types import Params, Texts

if TYPE_CHECKING:
    import pandas as pd


def _columns(params: Params) -> frozenset[str]:
    texts = ("description", "title") if params["fallback"] else ("description",)
    return columns_of(*texts)(params)


@FIELDS.option("description", digit="2", columns_by=_columns)
def description(
    frame: pd.DataFrame,
    *,
    fallback: bool = False,
    missing: bool = False,
    measures: bool = False,
) -> Texts:
    """Use the description only; with `fallback`, the title where it is empty."""
    column = frame["description"]
    if fallback:
        column = column.where(column != "", frame["title"])
    numbers = extra(frame, missing=missing, measures=measures)
    return Texts(("description",), (1.0,), (column.tolist(),), numbers)
