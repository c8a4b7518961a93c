"""Range of an axis without outliers, which would flatten all other points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def inlier_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the smallest and the largest value that is not an outlier.

    Outliers lie beyond Tukey's outer fences: three interquartile ranges away from the
    quartiles.

    Parameters
    ----------
    values : sequence of float
        At least one.

    >>> inlier_range([0.07, 0.61, 0.62, 0.64, 0.66])
    (0.61, 0.66)
    """
    found = np.asarray(values, dtype=np.float64)
    first, third = np.quantile(found, [0.25, 0.75])
    reach = 3 * (third - first)
    near = found[(found >= first - reach) & (found <= third + reach)]
    return float(near.min()), float(near.max())
