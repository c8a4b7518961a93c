"""A lever: a group of options of which a scenario chooses one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Unpack

from rakuten_bench.errors import UserError, list_names, unknown
from rakuten_bench.registry import own
from rakuten_bench.registry.option import (
    DIGITS,
    GIVEN,
    ColumnsBy,
    Declared,
    Option,
    StepKind,
)
from rakuten_bench.registry.parameter import Function, read_parameters
from rakuten_bench.registry.plugin import import_all
from rakuten_bench.registry.registered import (
    Decorated,
    Registry,
    name_packages,
)
from rakuten_bench.types import Modality

_PACKAGE = "rakuten_bench.levers"


def discover() -> None:
    """Register all options."""
    import_all(_PACKAGE)


@dataclass(frozen=True, eq=False)
class Lever:
    """One decision of a pipeline.

    Attributes
    ----------
    name : str
        Folder under `levers/`, YAML key, column of the board.
    doc : str
        One line for the user.
    reads, writes : tuples of str
        The slots whose values a step of this lever reads and writes. A step that
        writes several slots returns a mapping from slot to value.
    columns : tuple of str
        Columns of the table that it reads in addition to `types.TEXT_COLUMNS`.
    kind : StepKind
        How its options are applied, unless an option says otherwise.
    columns_by : callable or None
        As `Option.columns_by`, for options that don't have their own.
    default : str
        Option where a scenario names none; "" for that with digit 0.
    """

    name: str
    doc: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    columns: tuple[str, ...] = ()
    kind: StepKind = "map"
    modalities: tuple[Modality, ...] = ("text",)
    columns_by: ColumnsBy | None = None
    default: str = ""
    # by the name of the user's module, "" for all others, and their own name
    _preparations: dict[tuple[str, str], Option] = field(
        default_factory=dict, repr=False
    )

    @cached_property
    def package(self) -> str:
        """Name of the package that contains its options."""
        return f"{_PACKAGE}.{self.name}"

    @cached_property
    def _options(self) -> Registry[Option]:
        return Registry(self.name, _PACKAGE)

    def option(
        self,
        name: str,
        *,
        digit: str,
        needs: str | tuple[str, ...] = (),
        prepare: Function | None = None,
        columns: tuple[str, ...] = (),
        **facts: Unpack[Declared],
    ) -> Callable[[Decorated], Decorated]:
        """Register a function or class as an option of this lever.

        Raises
        ------
        UserError
            If the name or the digit is taken, the digit is not one of 0-9a-z, or it
            reads a slot or a column that options may not read.
        """
        inner = (
            self._preparations[_unit_of(prepare), prepare.__name__] if prepare else None
        )
        inherited = inner.parameters if inner else {}
        return self._options.register(
            lambda function: Option(
                noun=self.name,
                name=name,
                function=function,
                parameters={**inherited, **read_parameters(function, GIVEN)},
                needs=name_packages(needs),
                lever=self,
                digit=digit,
                prepare=inner,
                columns=(*self.columns, *columns),
                **(self._defaults | facts),
            )
        )

    @property
    def _defaults(self) -> Declared:
        """What its options say where they don't say otherwise."""
        return {
            "modalities": self.modalities,
            "kind": self.kind,
            "reads": self.reads,
            "writes": self.writes,
        }

    def preparation(
        self, *, needs: str | tuple[str, ...] = (), **facts: Unpack[Declared]
    ) -> Callable[[Decorated], Decorated]:
        """Register a function that runs once before the options that name it.

        It can't be chosen by users and has no digit: `option(..., prepare=function)`.
        One of kind "transform" learns from the training rows, in each fold apart; it is
        a "map" where it doesn't say so.
        """

        def register(function: Decorated) -> Decorated:
            self._preparations[_unit_of(function), function.__name__] = Option(
                noun=self.name,
                name=function.__name__,
                function=function,
                parameters=read_parameters(function, GIVEN),
                needs=name_packages(needs),
                lever=self,
                digit="",
                **(self._defaults | {"kind": "map"} | facts),
            )
            return function

        return register

    def forget_foreign(self) -> None:
        """Unregister options from outside of this package, at the end of a test."""
        self._options.forget_foreign()

    def check_together(self, units: Sequence[str]) -> None:
        """Reject files of the user whose options clash: they are used in one study.

        Raises
        ------
        UserError
        """
        self._options.check_together(units)

    def options(
        self, modality: Modality, units: Sequence[str] = ()
    ) -> tuple[Option, ...]:
        """Return the options for a modality, ordered by digit.

        Parameters
        ----------
        modality : {"text", "image", "fusion"}
        units : sequence of str
            Names of modules of the user's files (`registry.own`) that are searched, too.
        """
        every = self._options.entries(units)
        found = [option for option in every if modality in option.modalities]
        return tuple(sorted(found, key=lambda option: DIGITS.index(option.digit)))

    def find(self, modality: Modality, name: str, units: Sequence[str] = ()) -> Option:
        """Return an option by name.

        Raises
        ------
        UserError
            If the name is unknown; suggests the closest.
        """
        for option in self._options.entries(units):
            if option.name == name and modality in option.modalities:
                return option
        known = [option.name for option in self.options(modality, units)]
        raise UserError(unknown(self.name, name, known))

    def inner(self, name: str, unit: str = "") -> Option:
        """Return a preparation by name; options use it, users can't choose it.

        Parameters
        ----------
        name : str
        unit : str
            Name of the module of the user's file that defines it.
        """
        discover()
        return self._preparations[unit, name]

    def by_digit(self, modality: Modality, digit: str) -> Option:
        """Return an option by its digit in the code.

        Raises
        ------
        UserError
            If no option has it.
        """
        for option in self.options(modality):
            if option.digit == digit:
                return option
        known = [f"{option.digit}={option.name}" for option in self.options(modality)]
        message = f"{self.name} has no option '{digit}'. Known: {list_names(known)}."
        raise UserError(message)

    def find_default(self, modality: Modality) -> Option:
        """Return the option where a scenario names none: off, or the plainest one."""
        if self.default:
            return self.find(modality, self.default)
        return self.by_digit(modality, "0")


def _unit_of(function: Function) -> str:
    module = function.__module__
    return module.partition(".")[0] if own.is_own(module) else ""
