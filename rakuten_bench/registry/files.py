"""The files that an option reads: where they are looked for, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rakuten_bench.registry.package import installed_version
from rakuten_bench.types import Wanted

Check = Callable[[Mapping[str, Any], Wanted], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Files:
    """What an option reads besides the data; it is part of the key of its results.

    Attributes
    ----------
    parameter : str
        Name of the parameter that names a file or folder, or several, or packages in
        their place; "" where there is none.
    variable : str
        Environment variable that stands in for the parameter.
    find : callable or None
        Returns the files and folders that the option finds without being told; one
        that is not there counts as nothing.
    check : callable or None
        Yields what is wrong with the files, from a mapping with all parameters and what
        the plan wants of them. `plan` and `run` refuse the study.
    """

    parameter: str = ""
    variable: str = ""
    find: Callable[[], Collection[str]] | None = None
    check: Check | None = None

    def locate(self, params: Mapping[str, Any], base: Path | None) -> dict[str, Any]:
        """Return parameters in which the files start from a folder.

        A name that is no file, such as one of a package, stays as it is, but for an
        option that checks its files: there it is a file that is missing.

        Parameters
        ----------
        params : mapping
        base : Path or None
            The scenario file's own folder; the working folder where None.
        """
        if base is None:
            return dict(params)
        is_path = self.check is not None
        return self._change(params, lambda name: _locate(name, base, is_path))

    def shorten(self, params: Mapping[str, Any], base: Path) -> dict[str, Any]:
        """Return parameters in which files inside a folder are named from there."""
        return self._change(params, lambda name: _shorten(name, base))

    def _change(
        self, params: Mapping[str, Any], change: Callable[[str], str]
    ) -> dict[str, Any]:
        named = params.get(self.parameter)
        if not named:
            return dict(params)
        is_one = isinstance(named, str)
        changed = change(named) if is_one else tuple(change(one) for one in named)
        return {**params, self.parameter: changed}

    def named(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the files, folders and packages, all parameters given and located."""
        said = params.get(self.parameter) or os.environ.get(self.variable, "")
        found = self.find() if self.find else ()
        return (*filter(None, [said] if isinstance(said, str) else said), *found)


def _shorten(name: str, base: Path) -> str:
    """Return the path of a file inside a folder from there."""
    path = Path(name)
    if not path.is_absolute() or not path.is_relative_to(base):
        return name
    return path.relative_to(base).as_posix()


def _locate(name: str, base: Path, is_path: bool) -> str:
    """Return the path of a file that is named from a folder, or the name of a package.

    A file that only the working folder has is looked for in the folder all the same:
    the same study means the same files wherever it is started.
    """
    path = os.path.expanduser(name)  # noqa: PTH111  (leaves what it can't expand)
    here = os.path.join(base, path)  # noqa: PTH118  (keeps a path that is whole)
    if is_path:
        return here
    if name.isidentifier() and installed_version(name):
        return name
    is_file = os.path.exists(here) or os.path.exists(path)  # noqa: PTH110  (False for a name that no file can have)
    return here if is_file else name
