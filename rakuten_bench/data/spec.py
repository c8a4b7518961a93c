"""Which data set and which split: what a scenario file may say, checked unread.

A data set is one function in one module of this package, under `dataset`; a way to
split is one function in `split`, under `scheme`. Their keyword-only arguments are the
parameters that a scenario file may give: names, types and defaults are read from the
signature, so nothing else lists them.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from rakuten_bench.errors import Problems, UserError, unknown
from rakuten_bench.registry import import_all
from rakuten_bench.registry.value import convert
from rakuten_bench.store.layout import default_cache

Factory = Callable[..., Any]
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


@dataclass(frozen=True, slots=True)
class RegisteredFunction:
    """A registered function and what its signature says of its parameters.

    Attributes
    ----------
    is_made : bool
        Whether a data set is made up or embedded: it reads no files of the user's.
    """

    name: str
    function: Factory
    types: Mapping[str, Any]
    defaults: Mapping[str, Any]
    check: Check | None = None
    is_made: bool = False

    @property
    def doc(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def problems(self, params: Mapping[str, Any]) -> Iterator[str]:
        """Say what is wrong with parameters: unknown, missing, of the wrong type."""
        for name, value in params.items():
            if name not in self.types:
                yield unknown(f"parameter of {self.name}", name, self.types)
                continue
            try:
                convert(value, self.types[name])
            except UserError as error:
                yield f"parameter '{name}' of {self.name}: {error}"
        for name in self.types:
            if name not in self.defaults and name not in params:
                yield f"{self.name} needs the parameter '{name}', which is missing."
        if self.check is not None:
            yield from self.check(params)

    def convert(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters as plain values, without those left at their default."""
        typed = {
            name: convert(params[name], self.types[name]) for name in sorted(params)
        }
        return {
            name: msgspec.to_builtins(value)
            for name, value in typed.items()
            if name not in self.defaults or value != self.defaults[name]
        }

    def arguments(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return plain parameters, as a record keeps them, in their declared types."""
        return {
            name: msgspec.convert(value, self.types[name])
            for name, value in params.items()
        }


class Catalog:
    """The functions registered under one kind of name, such as "data set".

    Parameters
    ----------
    kind : str
        What its entries are called in messages.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, RegisteredFunction] = {}

    def __call__(
        self, name: str, *, check: Check | None = None, is_made: bool = False
    ) -> Callable[[Factory], Factory]:
        """Register a function; its keyword-only arguments are the parameters."""

        def register(function: Factory) -> Factory:
            taken = self._entries.get(name)
            if taken and taken.function.__module__ != function.__module__:
                message = (
                    f"{self.kind} '{name}' of {function.__module__} is taken by "
                    f"{taken.function.__module__}. Choose another name."
                )
                raise UserError(message)
            self._entries[name] = replace(
                _read_entry(name, function), check=check, is_made=is_made
            )
            return function

        return register

    def entries(self) -> tuple[RegisteredFunction, ...]:
        """Return every entry, by name."""
        discover()
        return tuple(self._entries[name] for name in sorted(self._entries))

    def find(self, name: str) -> RegisteredFunction:
        """Return an entry by name.

        Raises
        ------
        UserError
            If there is none of that name; suggests the closest.
        """
        discover()
        if name not in self._entries:
            raise UserError(unknown(self.kind, name, self._entries))
        return self._entries[name]

    def parse(self, value: Any) -> tuple[str, dict[str, Any]]:
        """Read `name` or `{name: {parameter: value}}` and check it.

        Raises
        ------
        UserError
            For an unknown name, parameter or type, or a parameter that is missing.
        Problems
            For several of them.
        """
        name, params = self._take_apart(value)
        entry = self.find(name)
        problems = list(entry.problems(params))
        if len(problems) > 1:
            raise Problems(problems)
        if problems:
            raise UserError(problems[0])
        return name, entry.convert(params)

    def types_of(self, name: str) -> Mapping[str, Any]:
        """Return the declared types of an entry's parameters; none for an unknown name."""
        discover()
        return self._entries[name].types if name in self._entries else {}

    def _take_apart(self, value: Any) -> tuple[str, dict[str, Any]]:
        if isinstance(value, str):
            return value, {}
        if isinstance(value, Mapping) and len(value) == 1:
            [(name, params)] = value.items()
            if params is None or isinstance(params, Mapping):
                return str(name), dict(params or {})
        message = (
            f"{self.kind} {value!r} is not a name, nor one name with its parameters. "
            f"Write {self.kind.replace(' ', '')}: NAME or "
            f"{self.kind.replace(' ', '')}: {{NAME: {{PARAMETER: VALUE}}}}."
        )
        raise UserError(message)


def _read_entry(name: str, function: Factory) -> RegisteredFunction:
    hints = get_type_hints(function, include_extras=True)
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    return RegisteredFunction(
        name,
        function,
        types={parameter.name: hints[parameter.name] for parameter in parameters},
        defaults={
            parameter.name: parameter.default
            for parameter in parameters
            if parameter.default is not inspect.Parameter.empty
        },
    )


dataset = Catalog("data set")
scheme = Catalog("split")


def discover() -> None:
    """Register every data set and split there is."""
    import_all("rakuten_bench.data")


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
    return DatasetSpec(*dataset.parse(value))


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
    return SplitSpec(*scheme.parse(value))
