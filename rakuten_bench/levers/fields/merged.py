from __future__ import annotations

from typing import TYPE_CHECKING

from rakuten_bench.levers.fields.number import columns_of, extra
from rakuten_bench.registry import FIELDS
from rakuten_bench.types import Texts

if TYPE_CHECKING:
    import pandas as pd


@FIELDS.option("merged", digit="0", columns_by=columns_of("title", "description"))
def merged(
    frame: pd.DataFrame, *, missing: bool = False, measures: bool = False
) -> Texts:
    """Concatenate title and description."""
    column = (frame["title"] + " " + frame["description"]).tolist()
    numbers = extra(frame, missing=missing, measures=measures)
    return Texts(("text",), (1.0,), (column,), numbers)
