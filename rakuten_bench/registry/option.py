"""An option of a lever: its registration and its signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.registry.code import shorten
from rakuten_bench.registry.files import Files
from rakuten_bench.registry.registered import Registered
from rakuten_bench.registry.rules import Rules
from rakuten_bench.types import (
    INPUT_COLUMNS,
    TEXT_COLUMNS,
    Effort,
    Modality,
    Params,
    Space,
    Wanted,
)

if TYPE_CHECKING:
    from rakuten_bench.registry.lever import Lever

#: Arguments that the harness fills in if an option's signature names them.
#: `classes` are the names of the data set's classes, in the order of their indices;
#: `folder` is a path private to the step, in which unfinished work survives a kill.
GIVEN = frozenset(
    {"language", "random_state", "n_jobs", "device", "n_classes", "classes", "folder"}
)
#: What stands for an option in a code.
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

#: What steps read and write. Labels are no slot: the harness hands them over as `y`.
SLOTS = ("frame", "languages", "texts", "corpus", "images", "features", "members")

#: How a step applies an option: `map` needs no labels and no folds (the lever's own
#: `apply` does it); the others learn, on training rows only. `transform` fits and
#: transforms, `resample` changes the training rows, `estimate` fits and predicts,
#: `cluster` fits without labels and predicts cluster numbers, `search` chooses
#: parameters and then estimates, `fuse` combines predictions.
StepKind = Literal[
    "map", "transform", "resample", "estimate", "cluster", "search", "fuse"
]

ColumnsBy = Callable[[Params], Collection[str]]
ReadsBy = Callable[[Params], tuple[str, ...]]


class Declared(TypedDict, total=False):
    """What a decorator says of an option, as the attributes of `Option` of these names."""

    extra: str
    modalities: tuple[Modality, ...]
    kind: StepKind
    space: Space
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    rules: Rules
    combines: str
    files: Files
    effort: Effort
    lacks: Callable[[Params], str]
    columns_by: ColumnsBy
    reads_by: ReadsBy
    code: str
    state: Callable[[Params], str]


@dataclass(frozen=True, eq=False, kw_only=True)
class Option(Registered):
    """One value of a lever.

    Attributes
    ----------
    digit : str
        What stands for it in a code; "" for a preparation.
    space : mapping
        Default search space of a model's parameters.
    reads, writes : tuples of str
        Slots, if they differ from the lever's.
    rules : Rules
        Options that it can't be combined with.
    columns : tuple of str
        Columns of the table that it reads in addition to `types.TEXT_COLUMNS`: "id" or
        "image_path"; never the label.
    prepare : Option or None
        An inner option, made by `Lever.preparation`, that runs first and whose value
        this option gets in place of the slots. It runs once for all options that share
        it; one of kind `map` needs no labels and runs once for all folds. Its
        parameters are set and shown as parameters of this option.
    combines : str
        Name of the parameter that lists other options of the same lever; this option
        gets a `types.Blocks` of their values in place of the slots.
    files : Files
        Files that it reads besides the data.
    columns_by : callable or None
        Returns the columns of the table that it reads, from a mapping of all
        parameters; the lever's if None. Predictions need these columns only.
    effort : Effort or None
        Its cost, if `plan` should warn of it.
    lacks : callable or None
        Returns what this machine lacks, such as weights, from a mapping of
        all parameters; "" for nothing. `plan` and `run` report it before anything is
        computed. Slow checks, and loading files, are left to the option.
    reads_by : callable or None
        Returns the slots of `reads` that it reads, from a mapping of all parameters; all
        of them if None.
    code : str
        The parameter that names a function or class of the user (`registry.code`), whose
        source then is part of the key; "" if none does.
    state : callable or None
        Returns what decides its results besides parameters, source and files, as a
        digest, from a mapping of all parameters.
    """

    lever: Lever
    digit: str
    modalities: tuple[Modality, ...]
    kind: StepKind
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    space: Space = field(default_factory=dict)
    prepare: Option | None = None
    combines: str = ""
    rules: Rules = Rules()  # noqa: RUF009  immutable
    files: Files = Files()  # noqa: RUF009  immutable
    effort: Effort | None = None
    lacks: Callable[[Params], str] | None = None
    columns: tuple[str, ...] = ()
    columns_by: ColumnsBy | None = None
    reads_by: ReadsBy | None = None
    code: str = ""
    state: Callable[[Params], str] | None = None

    def validate(self) -> None:
        """Refuse a digit that no code can hold, and inputs that options don't get.

        A slot that no step writes, such as the labels, is none, nor is such a column.

        Raises
        ------
        UserError
        """
        for problem in self._iter_flaws():
            message = f"{self.file}: {problem}"
            raise UserError(message)

    def _iter_flaws(self) -> Iterator[str]:
        if len(self.digit) != 1 or self.digit not in DIGITS:
            yield f"digit '{self.digit}' is not one of 0-9a-z."
        yield from (unknown("slot", s, SLOTS) for s in self.reads if s not in SLOTS)
        for name in self.columns:
            if name not in INPUT_COLUMNS:
                yield unknown("column", name, INPUT_COLUMNS)

    def find_clash(self, other: Self) -> str:
        """Return the name or the digit, where an option of one modality has it, too."""
        if not set(other.modalities) & set(self.modalities):
            return ""
        pairs = (
            ("name", self.name, other.name),
            ("digit", self.digit, other.digit),
        )
        clashes = [f"{what} '{own}'" for what, own, theirs in pairs if own == theirs]
        return f"{clashes[0]} of lever '{self.noun}'" if clashes else ""

    @cached_property
    def given(self) -> frozenset[str]:
        """Which of `GIVEN` its signature names."""
        return GIVEN & inspect.signature(self.function).parameters.keys()

    @property
    def learns(self) -> bool:
        """Whether it is fitted on training rows."""
        return self.kind != "map"

    def find_columns(self, params: Params) -> frozenset[str]:
        """Return the columns of the table that it reads with these parameters.

        All that it might read, if neither it nor its lever restricts them.
        """
        if "frame" not in self.find_reads(params):
            return frozenset()
        by = self.columns_by or self.lever.columns_by
        return frozenset(
            by(self._all(params)) if by else (*TEXT_COLUMNS, *self.columns)
        )

    def find_reads(self, params: Params) -> tuple[str, ...]:
        """Return the slots that it reads with these parameters."""
        return self.reads_by(self._all(params)) if self.reads_by else self.reads

    def find_state(self, params: Params) -> str:
        """Return a digest of what else decides its results; "" for nothing."""
        return self.state(self._all(params)) if self.state else ""

    def find_tags(self, params: Params) -> frozenset[str]:
        """Return its tags with these parameters, the others at their defaults."""
        return self.rules.find_tags(self._all(params))

    def find_missing(self, params: Params, base: Path | None = None) -> str:
        """Return what this machine lacks for it with these parameters, or ""."""
        return self.lacks(self._all(self.locate(params, base))) if self.lacks else ""

    def find_file_problems(
        self, params: Params, base: Path | None, wanted: Wanted
    ) -> tuple[str, ...]:
        """Return errors in the files that it reads with these parameters."""
        check = self.files.check
        return (
            tuple(check(self._all(self.locate(params, base)), wanted)) if check else ()
        )

    def locate(self, params: Params, base: Path | None) -> dict[str, Any]:
        """Return parameters with the files that it reads resolved against a folder."""
        return self.files.locate(params, base)

    def make_portable(self, params: Params, base: Path) -> dict[str, Any]:
        """Return parameters with files inside a folder relative to it.

        A code hashes the parameters, and must not depend on where the folder is.
        """
        shortened = self.files.shorten(params, base)
        if not shortened.get(self.code):
            return shortened
        return {**shortened, self.code: shorten(shortened[self.code], base)}

    def _all(self, params: Params) -> dict[str, Any]:
        """Return all parameters, missing ones at their defaults."""
        return {**self.defaults, **params}

    def before(
        self, params: Params, units: Sequence[str] = ()
    ) -> list[tuple[Option, dict[str, Any]]]:
        """Return the options of the same lever that run first, with their parameters.

        `units` are the user's modules in which they are searched, too. Their values, in this order, replace the values of the lever's slots. An option
        that runs first may have such options too.

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
        return [self._listed(name, listed, units) for name in listed]

    def find_units(self, params: Params, units: Sequence[str]) -> tuple[str, ...]:
        """Return the user's modules in which it, or an option that it combines, is.

        Parameters
        ----------
        params : mapping
        units : sequence of str
            Those of the study.
        """
        if self.unit:
            return (self.unit,)
        combined = self.before(params, units) if units and self.combines else []
        return tuple(units) if any(option.unit for option, _ in combined) else ()

    def own(self, params: Params) -> dict[str, Any]:
        """Return the parameters that do not belong to the options that run first."""
        before = self.prepare.parameters.keys() if self.prepare else ()
        return {name: value for name, value in params.items() if name not in before}

    def _listed(
        self, name: str, listed: Any, units: Sequence[str]
    ) -> tuple[Option, dict[str, Any]]:
        option = self.lever.find(self.modalities[0], name, units)
        if option.combines:
            message = f"{self.lever.name} '{self.name}' can't combine '{name}'."
            raise UserError(message)
        params = listed[name] if isinstance(listed, Mapping) else None
        return option, option.convert(params or {})

    @cached_property
    def is_off(self) -> bool:
        """Whether it does nothing: named off, and takes no data."""
        return self.name == "off" and not inspect.signature(self.function).parameters

    @property
    def wants_languages(self) -> bool:
        """Whether its result depends on the language of each row."""
        return "language" in self.given or "languages" in self.lever.writes

    def find_files(self, params: Params, base: Path | None = None) -> tuple[str, ...]:
        """Return the files, folders or packages that it reads."""
        return self.files.named(self._all(self.locate(params, base)))

    def make(
        self,
        *data: Any,
        params: Params,
        base: Path | None = None,
        **given: Any,
    ) -> Any:
        """Call the function with data, parameters and the arguments of `given` that it names."""
        wanted = {name: given[name] for name in self.given if name in given}
        own = self.own(self.locate(params, base))
        return self.function(*data, **own, **wanted)


def _pick(params: Params, names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name in names}
