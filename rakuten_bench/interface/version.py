"""The versions that a bug report needs, read without importing the packages."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from rakuten_bench import __version__
from rakuten_bench.registry.package import installed_version

#: Packages whose versions change results or limits, with their alternatives.
_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "imbalanced-learn",
    "xgboost-cpu|xgboost",
    "opencv-python-headless|opencv-python|opencv-contrib-python",
    "spacy",
    "torch",
)


def find_versions() -> dict[str, str | None]:
    """Return the version of rakuten-bench, of Python, of the system and of packages.

    Returns
    -------
    dict of str to str or None
        None for a package that is not installed.
    """
    return {
        "rakuten-bench": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": platform.platform(),
        **dict(map(_find_version, _PACKAGES)),
    }


def iter_version_lines() -> Iterator[str]:
    """Yield one line for each version."""
    for name, version in find_versions().items():
        yield f"{name} {version or 'not installed'}"


def _find_version(alternatives: str) -> tuple[str, str | None]:
    """Return the installed alternative, or the first, and its version."""
    names = alternatives.split("|")
    name = next(filter(installed_version, names), names[0])
    return name, installed_version(name)
