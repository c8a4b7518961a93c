"""What part of an axis to draw: one scenario far off must not flatten all others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def inlier_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the least and the greatest value that is not far off.

    Far off is what lies beyond Tukey's outer fences: three times the distance of the
    quartiles away from them.

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
