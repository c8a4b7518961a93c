"""Which data set and which split: what a scenario file may say, checked unread.

A data set is one function in one module of this package, under `dataset`; a way to
split is one function in `split`, under `scheme`. Their keyword-only arguments are the
parameters that a scenario file may give: names, types and defaults are read from the
signature, so nothing else lists them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from rakuten_bench.errors import Problems, UserError
from rakuten_bench.registry import (
    AnyEntry,
    Decorated,
    Entry,
    Registry,
    name_packages,
    read_parameters,
)
from rakuten_bench.store.layout import default_cache

#: Says what is wrong with parameters that don't go together.
Check = Callable[[Mapping[str, Any]], Iterable[str]]

#: Environment variable that stands in for `--data-dir`.
DATA_DIR_VARIABLE = "RAKUTEN_BENCH_DATA"


class DatasetSpec(msgspec.Struct, frozen=True):
    """A data set by name, with the parameters that differ from its defaults."""

    name: str
    params: dict[str, Any] = {}


class SplitSpec(msgspec.Struct, frozen=True):
    """A way to divide the rows, with the parameters that differ from its defaults.

    Attributes
    ----------
    by_image : bool or None
        Whether rows of images that look the same go to one side; None where the
        scenarios tell: they do if one of them looks at images.
    """

    scheme: str = "holdout"
    params: dict[str, Any] = {}
    by_image: bool | None = None


@dataclass(frozen=True, slots=True)
class DataPaths:
    """Where a data set may look for files and keep what it computes once.

    Attributes
    ----------
    data_dir : Path or None
        What the user gave as `--data-dir`.
    base_dir : Path or None
        Folder of the scenario file.
    cache : Path or None
        Folder for things computed once; None for the user's cache folder.
    """

    data_dir: Path | None = None
    base_dir: Path | None = None
    cache: Path | None = None

    @property
    def relative_to(self) -> Path:
        """Folder that relative paths of a scenario file start from."""
        return (self.data_dir or self.base_dir or Path()).resolve()

    @property
    def store(self) -> Path:
        """Folder for things computed once."""
        return (self.cache or default_cache()).resolve()

    def folders(self, *variables: str) -> tuple[Path, ...]:
        """Return the folders to look into: `--data-dir`, else what the variables name."""
        if self.data_dir is not None:
            return (self.data_dir.resolve(),)
        named = (os.environ.get(variable) for variable in variables)
        return tuple(expand_home(name).resolve() for name in named if name)


def expand_home(path: str | Path) -> Path:
    """Return a path with `~` replaced by the user's home folder.

    Raises
    ------
    UserError
        If that is not known, as in a container without HOME.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        message = (
            f"{path}: the home folder that '~' stands for is not known. Write the whole "
            f"path, or set HOME."
        )
        raise UserError(message) from None


@dataclass(frozen=True, eq=False, kw_only=True)
class DatasetEntry(Entry):
    """A function that loads a data set.

    Attributes
    ----------
    check : callable or None
        Says what is wrong with parameters that don't go together.
    is_made : bool
        Whether the data set is made up or embedded: it reads no files of the user's.
    """

    check: Check | None = None
    is_made: bool = False

    def find_problems(self, params: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with parameters, each and together."""
        yield from super().find_problems(params)
        if self.check is not None:
            yield from self.check(params)


DATASETS: Registry[DatasetEntry] = Registry("data set", "rakuten_bench.data")
SPLITS: Registry[Entry] = Registry("split", "rakuten_bench.data")


def dataset(
    name: str,
    *,
    check: Check | None = None,
    is_made: bool = False,
    needs: str | tuple[str, ...] = (),
    extra: str = "",
) -> Callable[[Decorated], Decorated]:
    """Register a function that loads a data set, from `DataPaths` and its parameters.

    Its keyword-only arguments are the parameters. The others are as for options.
    """
    return DATASETS.register(
        lambda function: DatasetEntry(
            noun=DATASETS.noun,
            name=name,
            function=function,
            parameters=read_parameters(function),
            needs=name_packages(needs),
            extra=extra,
            check=check,
            is_made=is_made,
        )
    )


def scheme(name: str) -> Callable[[Decorated], Decorated]:
    """Register a way to split; its keyword-only arguments are the parameters."""
    return SPLITS.register(
        lambda function: Entry(
            noun=SPLITS.noun,
            name=name,
            function=function,
            parameters=read_parameters(function),
        )
    )


def parse_dataset(value: Any) -> DatasetSpec:
    """Read what a scenario file says under `dataset`, without loading anything.

    Parameters
    ----------
    value : str or mapping
        `"openmoji"`, or `{"table": {"path": "a.csv", "label": "kind"}}`.

    Raises
    ------
    UserError
        For an unknown name, parameter or type; `Problems` for several.
    """
    return DatasetSpec(*_parse(DATASETS, value))


def parse_split(value: Any) -> SplitSpec:
    """Read what a scenario file says under `split`, without loading anything.

    Parameters
    ----------
    value : str or mapping
        `"holdout"`, or `{"kfold": {"n_splits": 5, "random_state": 1}}`.

    Raises
    ------
    UserError
        For an unknown name, parameter or type; `Problems` for several.
    """
    return SplitSpec(*_parse(SPLITS, value))


def _parse(registry: Registry[AnyEntry], value: Any) -> tuple[str, dict[str, Any]]:
    """Read `name` or `{name: {parameter: value}}` and check it.

    Raises
    ------
    UserError
        For an unknown name, parameter or type, or a parameter that is missing.
    Problems
        For several of them.
    """
    name, params = _take_apart(registry.noun, value)
    entry = registry.find(name)
    problems = list(entry.find_problems(params))
    if len(problems) > 1:
        raise Problems(problems)
    if problems:
        raise UserError(problems[0])
    plain: dict[str, Any] = msgspec.to_builtins(entry.convert(params))
    return name, plain


def _take_apart(noun: str, value: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(value, str):
        return value, {}
    if isinstance(value, Mapping) and len(value) == 1:
        [(name, params)] = value.items()
        if params is None or isinstance(params, Mapping):
            return str(name), dict(params or {})
    key = noun.replace(" ", "")
    message = (
        f"{noun} {value!r} is not a name, nor one name with its parameters. "
        f"Write {key}: NAME or {key}: {{NAME: {{PARAMETER: VALUE}}}}."
    )
    raise UserError(message)
