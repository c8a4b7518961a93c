from __future__ import annotations

from typing import TYPE_CHECKING

from rakuten_bench.levers.fields.number import columns_of, extra
from rakuten_bench.registry import FIELDS
from rakuten_bench.types import Texts

if TYPE_CHECKING:
    import pandas as pd


@FIELDS.option("blocks", digit="3", columns_by=columns_of("title", "description"))
def blocks(
    frame: pd.DataFrame,
    *,
    title_weight: float = 1.0,
    description_weight: float = 1.0,
    missing: bool = True,
    measures: bool = False,
) -> Texts:
    """Vectorize title and description separately, weight and concatenate the vectors."""
    return Texts(
        ("title", "description"),
        (title_weight, description_weight),
        (frame["title"].tolist(), frame["description"].tolist()),
        extra(frame, missing=missing, measures=measures),
    )
