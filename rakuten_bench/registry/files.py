"""The files that an option reads: where they are searched, and how they are checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rakuten_bench.registry.package import installed_version
from rakuten_bench.types import Params, Wanted

Check = Callable[[Params, Wanted], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Files:
    """Files that an option reads besides the data; they are part of its results' keys.

    Attributes
    ----------
    parameter : str
        Parameter whose value names a file or folder, or several, or packages in
        their place; "" if none does.
    variable : str
        Environment variable used if the parameter is not set.
    find : callable or None
        Returns the files and folders that the option finds by itself; a missing
        one is ignored.
    check : callable or None
        Yields errors in the files, from a mapping of all parameters and what
        the plan needs of them. `plan` and `run` then reject the study.
    """

    parameter: str = ""
    variable: str = ""
    find: Callable[[], Collection[str]] | None = None
    check: Check | None = None

    def locate(self, params: Params, base: Path | None) -> dict[str, Any]:
        """Return parameters with the files resolved against a folder.

        A name that is not a file, such as a package's, stays unchanged, except for an
        option that checks its files: there it counts as a missing file.

        Parameters
        ----------
        params : mapping
        base : Path or None
            The scenario file's folder; the working folder if None.
        """
        if base is None:
            return dict(params)
        is_path = self.check is not None
        return self._change(params, lambda name: _locate(name, base, is_path))

    def shorten(self, params: Params, base: Path) -> dict[str, Any]:
        """Return parameters with files inside a folder relative to it."""
        return self._change(params, lambda name: _shorten(name, base))

    def _change(self, params: Params, change: Callable[[str], str]) -> dict[str, Any]:
        named = params.get(self.parameter)
        if not named:
            return dict(params)
        is_one = isinstance(named, str)
        changed = change(named) if is_one else tuple(change(one) for one in named)
        return {**params, self.parameter: changed}

    def named(self, params: Params) -> tuple[str, ...]:
        """Return the files, folders and packages, from all parameters, already located."""
        said = params.get(self.parameter) or os.environ.get(self.variable, "")
        found = self.find() if self.find else ()
        return (*filter(None, [said] if isinstance(said, str) else said), *found)


def _shorten(name: str, base: Path) -> str:
    """Return the path of a file inside a folder relative to it."""
    path = Path(name)
    if not path.is_absolute() or not path.is_relative_to(base):
        return name
    return path.relative_to(base).as_posix()


def _locate(name: str, base: Path, is_path: bool) -> str:
    """Return the path of a file resolved against a folder, or the name of a package.

    A file that exists only in the working folder is searched in the folder all the
    same: a study means the same files wherever it is started.
    """
    path = os.path.expanduser(name)  # noqa: PTH111  (leaves what it can't expand)
    here = os.path.join(base, path)  # noqa: PTH118  (keeps a path that is whole)
    if is_path:
        return here
    if name.isidentifier() and installed_version(name):
        return name
    is_file = os.path.exists(here) or os.path.exists(path)  # noqa: PTH110  (False for a name that no file can have)
    return here if is_file else name
