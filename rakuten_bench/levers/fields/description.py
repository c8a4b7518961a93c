from __future__ import annotations

from typing import TYPE_CHECKING

from rakuten_bench.levers.fields.number import extra
from rakuten_bench.registry import FIELDS
from rakuten_bench.types import Texts

if TYPE_CHECKING:
    import pandas as pd


@FIELDS.option("description", digit="2")
def description(
    frame: pd.DataFrame,
    *,
    fallback: bool = False,
    missing: bool = False,
    measures: bool = False,
) -> Texts:
    """Take the description only, or with `fallback` the title where there is none."""
    column = frame["description"]
    if fallback:
        column = column.where(column != "", frame["title"])
    numbers = extra(frame, missing=missing, measures=measures)
    return Texts(("description",), (1.0,), (column.tolist(),), numbers)
