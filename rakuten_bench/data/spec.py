"""Data set and split of a scenario file, checked without reading data.

A data set is one function in one module of this package, under `dataset`; a way to
split is one function in `split`, under `scheme`. Their keyword-only arguments are the
parameters that a scenario file may set: names, types and defaults are read from the
signature.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from rakuten_bench.errors import Problems, UserError
from rakuten_bench.identify import explain_wrong_file
from rakuten_bench.registry import (
    AnyRegistered,
    Decorated,
    Registered,
    Registry,
    name_packages,
    read_parameters,
)
from rakuten_bench.store.layout import default_cache
from rakuten_bench.types import Params

#: Yields errors in combinations of parameters.
Check = Callable[[Params], Iterable[str]]

#: Environment variable used without `--data-dir`.
DATA_DIR_VARIABLE = "RAKUTEN_BENCH_DATA"


class DatasetSpec(msgspec.Struct, frozen=True):
    """A data set by name, with the parameters that differ from its defaults.

    Attributes
    ----------
    units : tuple of str
        The user's module that defines it (`registry.own`); empty for any other.
    """

    name: str
    params: dict[str, Any] = {}
    units: tuple[str, ...] = ()


class SplitSpec(msgspec.Struct, frozen=True):
    """A way to divide the rows, with the parameters that differ from its defaults.

    Attributes
    ----------
    by_image : bool or None
        Whether rows with images that look the same go to one side; None: they do if a
        scenario reads images.
    """

    scheme: str = "holdout"
    params: dict[str, Any] = {}
    by_image: bool | None = None


@dataclass(frozen=True, slots=True)
class DataPaths:
    """Folders of a data set: files to read and the cache.

    Attributes
    ----------
    data_dir : Path or None
        The value of `--data-dir`.
    base_dir : Path or None
        Folder of the scenario file.
    cache : Path or None
        Folder for cached values; None for the user's cache folder.
    """

    data_dir: Path | None = None
    base_dir: Path | None = None
    cache: Path | None = None

    @property
    def relative_to(self) -> Path:
        """Folder that paths of a scenario file are relative to."""
        return (self.data_dir or self.base_dir or Path()).resolve()

    @property
    def store(self) -> Path:
        """Folder for cached values."""
        return (self.cache or default_cache()).resolve()

    def folders(self, *variables: str) -> tuple[Path, ...]:
        """Return the folders to search: `--data-dir`, else those of the variables."""
        if self.data_dir is not None:
            return (self.data_dir.resolve(),)
        named = (os.environ.get(variable) for variable in variables)
        return tuple(expand_home(name).resolve() for name in named if name)


def expand_home(path: str | Path) -> Path:
    """Return a path with `~` replaced by the user's home folder.

    Raises
    ------
    UserError
        If it is unknown, as in a container without HOME.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        message = (
            f"{path}: '~' can't be expanded: the home folder is unknown. Write the full "
            f"path, or set HOME."
        )
        raise UserError(message) from None


@dataclass(frozen=True, eq=False, kw_only=True)
class RegisteredDataset(Registered):
    """A function that loads a data set.

    Attributes
    ----------
    check : callable or None
        Yields errors in combinations of parameters.
    is_made : bool
        Whether the data set is synthetic or embedded: it reads no user files.
    """

    check: Check | None = None
    is_made: bool = False

    def find_problems(self, params: Params) -> Iterator[str]:
        """Yield errors in parameters, single and combined."""
        yield from super().find_problems(params)
        if self.check is not None:
            yield from self.check(params)


DATASETS: Registry[RegisteredDataset] = Registry("data set", "rakuten_bench.data")
SPLITS: Registry[Registered] = Registry("split", "rakuten_bench.data")


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
        lambda function: RegisteredDataset(
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
        lambda function: Registered(
            noun=SPLITS.noun,
            name=name,
            function=function,
            parameters=read_parameters(function),
        )
    )


def parse_dataset(value: object, units: Sequence[str] = ()) -> DatasetSpec:
    """Parse `dataset` of a scenario file, without loading anything.

    Parameters
    ----------
    value : str or mapping
        `"openmoji"`, or `{"table": {"path": "a.csv", "label": "kind"}}`.
    units : sequence of str
        The user's modules in which it is searched, too.

    Raises
    ------
    UserError
        For an unknown name, parameter or type; `Problems` for several.
    """
    if isinstance(value, str) and value not in _names(units):
        _refuse_file(value)
    name, params = _parse(DATASETS, value, units)
    unit = DATASETS.find(name, units).unit
    return DatasetSpec(name, params, (unit,) if unit else ())


def _names(units: Sequence[str]) -> set[str]:
    return {entry.name for entry in DATASETS.entries(units)}


def _refuse_file(name: str) -> None:
    """Reject the path of a file in place of the name of a data set.

    Raises
    ------
    UserError
    """
    if name and (message := explain_wrong_file(Path(name), "the name of a data set")):
        raise UserError(message)


def parse_split(value: object) -> SplitSpec:
    """Parse `split` of a scenario file, without loading anything.

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


def _parse(
    registry: Registry[AnyRegistered], value: object, units: Sequence[str] = ()
) -> tuple[str, dict[str, Any]]:
    """Read `name` or `{name: {parameter: value}}` and check it.

    Raises
    ------
    UserError
        For an unknown name, parameter or type, or a missing parameter.
    Problems
        For several of them.
    """
    name, params = _take_apart(registry.noun, value)
    entry = registry.find(name, units)
    problems = list(entry.find_problems(params))
    if len(problems) > 1:
        raise Problems(problems)
    if problems:
        raise UserError(problems[0])
    plain: dict[str, Any] = msgspec.to_builtins(entry.convert(params))
    return name, plain


def _take_apart(noun: str, value: object) -> tuple[str, dict[str, Any]]:
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
