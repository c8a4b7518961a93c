from __future__ import annotations

from typing import TYPE_CHECKING

from rakuten_bench.levers.fields.number import columns_of, extra
from rakuten_bench.registry import FIELDS
from rakuten_bench.types import Texts

if TYPE_CHECKING:
    import pandas as pd


@FIELDS.option("title", digit="1", columns_by=columns_of("title"))
def title(
    frame: pd.DataFrame, *, missing: bool = False, measures: bool = False
) -> Texts:
    """Use the title only."""
    numbers = extra(frame, missing=missing, measures=measures)
    return Texts(("title",), (1.0,), (frame["title"].tolist(),), numbers)
