"""An option of a lever: what was registered, and what its signature says."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rakuten_bench.errors import MissingPackage, UserError, unknown
from rakuten_bench.registry.files import Files
from rakuten_bench.registry.package import installed_version
from rakuten_bench.registry.plugin import find_owner
from rakuten_bench.registry.rules import Rules
from rakuten_bench.registry.value import convert
from rakuten_bench.types import TEXT_COLUMNS, Effort, Modality, Space, Wanted

if TYPE_CHECKING:
    from rakuten_bench.registry.lever import Lever

#: What the harness fills in where an option's signature names it.
#: `classes` are the names of the data set's classes, in the order of their indices;
#: `folder` is a path of the step's own where unfinished work outlives a kill.
GIVEN = frozenset(
    {"language", "random_state", "n_jobs", "device", "n_classes", "classes", "folder"}
)
#: How a step applies an option: `map` needs no labels and no folds (the lever's own
#: `apply` does it); the others learn, on training rows only. `transform` fits and
#: transforms, `resample` changes the training rows, `estimate` fits and predicts,
#: `cluster` does so without ever seeing a label and predicts cluster numbers, `search`
#: estimates after choosing parameters, `fuse` joins predictions.
StepKind = Literal[
    "map", "transform", "resample", "estimate", "cluster", "search", "fuse"
]

ColumnsBy = Callable[[Mapping[str, Any]], Collection[str]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an option, read from its signature."""

    name: str
    default: Any
    type: Any

    def convert(self, value: Any) -> Any:
        """Return the value in the declared type, lists as tuples.

        Raises
        ------
        UserError
            If the value does not fit the declared type.
        """
        try:
            return convert(value, self.type)
        except UserError as error:
            message = f"parameter '{self.name}': {error}"
            raise UserError(message) from None


@dataclass(frozen=True, eq=False)
class Option:
    """One value of a lever.

    Attributes
    ----------
    needs : tuple of str
        Distributions (PyPI names) that it imports; their versions are part of the key
        of its results, and a missing one is refused when the plan is made. Where one
        stands for another, both are named: "xgboost-cpu|xgboost".
    extra : str
        The extra of this project that installs them; "" where the core does.
    space : mapping
        Default search space of a model's parameters.
    reads, writes : tuples of str
        Slots, where they differ from the lever's.
    rules : Rules
        With which other options it can't be combined.
    columns : tuple of str
        Columns of the table that it reads beside `types.TEXT_COLUMNS`: "id" or
        "image_path". There is no label among them.
    prepare : Option or None
        An inner option, made by `Lever.preparation`, that runs first and whose value
        this option gets in place of the slots. It runs once for all options that share
        it; one of kind `map` needs no labels and no folds and runs once for all. Its
        parameters are given and shown as this option's own.
    combines : str
        Name of the parameter that lists other options of the same lever; this option
        gets a `types.Blocks` of their values in place of the slots.
    files : Files
        What it reads besides the data.
    columns_by : callable or None
        Gives the columns of the table that it reads, from a mapping with all
        parameters; the lever's where None. A prediction asks for these columns only.
    effort : Effort or None
        What it takes, where `plan` should warn of it.
    lacks : callable or None
        Says what it needs and this machine lacks, such as weights, from a mapping with
        all parameters; "" for nothing. `plan` and `run` tell it before anything is
        computed. What looks for long, or loads anything, is left to the option.
    """

    lever: Lever
    name: str
    digit: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    extra: str
    modalities: tuple[Modality, ...]
    kind: StepKind
    space: Space
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    given: frozenset[str]
    prepare: Option | None = None
    combines: str = ""
    rules: Rules = Rules()  # noqa: RUF009  immutable
    files: Files = Files()  # noqa: RUF009  immutable
    effort: Effort | None = None
    lacks: Callable[[Mapping[str, Any]], str] | None = None
    columns: tuple[str, ...] = ()
    columns_by: ColumnsBy | None = None

    @property
    def learns(self) -> bool:
        """Whether it is fitted to training rows."""
        return self.kind != "map"

    def find_columns(self, params: Mapping[str, Any]) -> frozenset[str]:
        """Return the columns of the table that it reads with such parameters.

        Every one that it might read, where neither it nor its lever says which.
        """
        if "frame" not in self.reads:
            return frozenset()
        by = self.columns_by or self.lever.columns_by
        return frozenset(
            by(self._all(params)) if by else (*TEXT_COLUMNS, *self.columns)
        )

    def find_tags(self, params: Mapping[str, Any]) -> frozenset[str]:
        """Return its tags with such parameters, those left out at their defaults."""
        return self.rules.find_tags(self._all(params))

    def say_lacking(self, params: Mapping[str, Any], base: Path | None = None) -> str:
        """Say what it needs with such parameters and this machine lacks, or ""."""
        return self.lacks(self._all(self.locate(params, base))) if self.lacks else ""

    def find_problems(
        self, params: Mapping[str, Any], base: Path | None, wanted: Wanted
    ) -> tuple[str, ...]:
        """Return what is wrong with the files that it reads with such parameters."""
        check = self.files.check
        return (
            tuple(check(self._all(self.locate(params, base)), wanted)) if check else ()
        )

    def locate(self, params: Mapping[str, Any], base: Path | None) -> dict[str, Any]:
        """Return parameters in which the files that it reads start from a folder."""
        return self.files.locate(params, base)

    def make_portable(self, params: Mapping[str, Any], base: Path) -> dict[str, Any]:
        """Return parameters in which files inside a folder are named from it.

        A code holds the parameters, and is the same wherever the folder lies.
        """
        return self.files.shorten(params, base)

    def _all(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter, those left out at their defaults."""
        defaults = {name: one.default for name, one in self.parameters.items()}
        return {**defaults, **params}

    def before(self, params: Mapping[str, Any]) -> list[tuple[Option, dict[str, Any]]]:
        """Return the options of the same lever that run first, with their parameters.

        Their values, in this order, take the place of the lever's slots. An option
        may itself have options that run before it.

        Raises
        ------
        UserError
            For an unknown option, or an unknown parameter of one, in the list of an
            option that combines others.
        """
        if self.prepare:
            return [(self.prepare, _pick(params, self.prepare.parameters))]
        if not self.combines:
            return []
        listed = params.get(self.combines, self.parameters[self.combines].default)
        return [self._listed(name, listed) for name in listed]

    def own(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that are not those of the options before it."""
        before = self.prepare.parameters.keys() if self.prepare else ()
        return {name: value for name, value in params.items() if name not in before}

    def _listed(self, name: str, listed: Any) -> tuple[Option, dict[str, Any]]:
        option = self.lever.find(self.modalities[0], name)
        if option.combines:
            message = f"{self.lever.name} '{self.name}' can't combine '{name}' in turn."
            raise UserError(message)
        params = listed[name] if isinstance(listed, Mapping) else None
        return option, option.convert(params or {})

    @property
    def doc(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def module(self) -> str:
        """Name of the module that defines it."""
        return self.function.__module__

    @property
    def owner(self) -> str:
        """Distribution that brings it as an entry point; "" where it is ours."""
        return find_owner(self.module)

    @cached_property
    def is_off(self) -> bool:
        """Whether it stands for "nothing is done": named off, and takes no data."""
        return self.name == "off" and not inspect.signature(self.function).parameters

    @property
    def wants_languages(self) -> bool:
        """Whether its result depends on the language of each row."""
        return "language" in self.given or "languages" in self.lever.writes

    def convert(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Check parameters and leave out those that equal the default.

        Raises
        ------
        UserError
            For an unknown parameter or a value of the wrong type.
        """
        changed = {}
        for name, value in params.items():
            if name not in self.parameters:
                message = unknown(f"parameter of {self.name}", name, self.parameters)
                raise UserError(message)
            converted = self.parameters[name].convert(value)
            if converted != self.parameters[name].default:
                changed[name] = converted
        return dict(sorted(changed.items()))

    def find_files(
        self, params: Mapping[str, Any], base: Path | None = None
    ) -> tuple[str, ...]:
        """Return the files, folders or packages that it reads."""
        return self.files.named(self._all(self.locate(params, base)))

    def make(
        self,
        *data: Any,
        params: Mapping[str, Any],
        base: Path | None = None,
        **given: Any,
    ) -> Any:
        """Call the function with data, parameters and what it wants of `given`."""
        wanted = {name: given[name] for name in self.given if name in given}
        own = self.own(self.locate(params, base))
        return self.function(*data, **own, **wanted)

    def versions(self) -> dict[str, str]:
        """Return the installed version of every package that it needs.

        Raises
        ------
        MissingPackage
            With the pip command that installs what is missing.
        """
        found, missing = {}, []
        for name in self.needs:
            version = installed_version(name)
            if version is None:
                missing.append(name)
            else:
                found[name] = version
        if missing:
            install = f'"rakuten-bench[{self.extra}]"' if self.extra else missing[0]
            message = (
                f"{self.lever.name} '{self.name}' needs the package '{missing[0]}', "
                f"which is not installed. Run: pip install {install}"
            )
            raise MissingPackage(message)
        return found


def _pick(params: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name in names}


def read_signature(
    function: Callable[..., Any],
) -> tuple[dict[str, Parameter], frozenset[str]]:
    """Tell parameters (with a default) from what the harness gives."""
    parameters, given = {}, set()
    for name, parameter in inspect.signature(
        function, eval_str=False
    ).parameters.items():
        if name in GIVEN:
            given.add(name)
        elif parameter.default is not inspect.Parameter.empty:
            hint = _annotation(function, parameter.annotation)
            parameters[name] = Parameter(name, parameter.default, hint)
    return parameters, frozenset(given)


def _annotation(function: Callable[..., Any], annotation: Any) -> Any:
    """Evaluate one annotation; the others may name types that are never imported."""
    if annotation is inspect.Parameter.empty:
        return Any
    if not isinstance(annotation, str):
        return annotation
    place = importlib.import_module(function.__module__)
    return eval(annotation, vars(place))  # our own source, not user input
