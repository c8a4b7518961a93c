from __future__ import annotations

import numpy as np

from rakuten_bench.registry import LANGUAGE
from rakuten_bench.types import Languages


@LANGUAGE.option("fr", digit="1")
def fr(languages: Languages) -> Languages:
    """Learn from French rows only; every row is predicted, with French resources."""
    is_french = np.array([code == "fr" for code in languages.codes])
    row = np.zeros_like(languages.row)
    return Languages(("fr",), row, is_french[languages.row])
