"""Which packages are installed, in which version."""

from __future__ import annotations

import importlib.metadata
from functools import cache


@cache
def installed_version(distribution: str) -> str | None:
    """Return the version of a distribution, or of the first of several installed.

    Parameters
    ----------
    distribution : str
        A name on PyPI, or alternatives: "xgboost-cpu|xgboost".
    """
    for name in distribution.split("|"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None
