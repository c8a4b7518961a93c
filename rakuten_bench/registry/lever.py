"""A lever: a group of options of which a scenario chooses one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rakuten_bench.errors import UserError, list_names, unknown
from rakuten_bench.registry.files import Files
from rakuten_bench.registry.option import (
    ColumnsBy,
    Option,
    StepKind,
    read_signature,
)
from rakuten_bench.registry.plugin import import_all
from rakuten_bench.registry.rules import Rules
from rakuten_bench.types import INPUT_COLUMNS, Effort, Modality, Space

#: What stands for an option in a code.
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

#: What steps read and write. Labels are no slot: the harness hands them over as `y`.
SLOTS = ("frame", "languages", "texts", "corpus", "images", "features", "members")


def discover() -> None:
    """Register every option there is."""
    import_all("rakuten_bench.levers")


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
        The slots whose values a step of this lever takes and gives. A step that
        writes several slots returns a mapping from slot to value.
    columns : tuple of str
        Columns of the table that it reads beside `types.TEXT_COLUMNS`.
    kind : StepKind
        How its options are applied, unless an option says otherwise.
    columns_by : callable or None
        As `Option.columns_by`, for options that don't have their own.
    """

    name: str
    doc: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    columns: tuple[str, ...] = ()
    kind: StepKind = "map"
    modalities: tuple[Modality, ...] = ("text",)
    columns_by: ColumnsBy | None = None
    _options: list[Option] = field(default_factory=list, repr=False)
    _inner: dict[str, Option] = field(default_factory=dict, repr=False)

    @cached_property
    def package(self) -> str:
        """Name of the package that holds its options."""
        return f"rakuten_bench.levers.{self.name}"

    def option(
        self,
        name: str,
        *,
        digit: str,
        needs: str | tuple[str, ...] = (),
        extra: str = "",
        modalities: tuple[Modality, ...] | None = None,
        kind: StepKind | None = None,
        space: Space | None = None,
        reads: tuple[str, ...] | None = None,
        writes: tuple[str, ...] | None = None,
        rules: Rules = Rules(),  # noqa: B008  immutable
        prepare: Callable[..., Any] | None = None,
        combines: str = "",
        files: Files = Files(),  # noqa: B008  immutable
        effort: Effort | None = None,
        lacks: Callable[[Mapping[str, Any]], str] | None = None,
        columns: tuple[str, ...] = (),
        columns_by: ColumnsBy | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a function or class as an option of this lever.

        Raises
        ------
        UserError
            If the name or the digit is taken, the digit is not one of 0-9a-z, or it
            reads a slot or a column that options don't get.
        """

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            parameters, given = read_signature(function)
            inner = self._inner[prepare.__name__] if prepare else None
            option = Option(
                lever=self,
                name=name,
                digit=digit,
                function=function,
                needs=(needs,) if isinstance(needs, str) else tuple(needs),
                extra=extra,
                modalities=modalities or self.modalities,
                kind=kind or self.kind,
                space=dict(space or {}),
                reads=self.reads if reads is None else reads,
                writes=self.writes if writes is None else writes,
                rules=rules,
                parameters={**(inner.parameters if inner else {}), **parameters},
                given=given,
                prepare=inner,
                combines=combines,
                files=files,
                effort=effort,
                lacks=lacks,
                columns=(*self.columns, *columns),
                columns_by=columns_by,
            )
            self._add(option)
            return function

        return register

    def preparation(
        self,
        *,
        needs: str | tuple[str, ...] = (),
        writes: tuple[str, ...] = (),
        kind: StepKind = "map",
        effort: Effort | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a function that runs once before the options that name it.

        It is never chosen by itself and has no digit: `option(..., prepare=function)`.
        One of kind "transform" learns from the training rows, in each fold apart.
        """

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            parameters, given = read_signature(function)
            self._inner[function.__name__] = Option(
                lever=self,
                name=function.__name__,
                digit="",
                function=function,
                needs=(needs,) if isinstance(needs, str) else tuple(needs),
                extra="",
                modalities=self.modalities,
                kind=kind,
                space={},
                reads=self.reads,
                writes=writes or self.writes,
                parameters=parameters,
                given=given,
                effort=effort,
            )
            return function

        return register

    def _add(self, option: Option) -> None:
        if len(option.digit) != 1 or option.digit not in DIGITS:
            message = f"{_place(option)}: digit '{option.digit}' is not one of 0-9a-z."
            raise UserError(message)
        _check_inputs(option)
        for other in self._options:
            if other.module == option.module and other.name == option.name:
                continue  # the module was imported again
            if not set(other.modalities) & set(option.modalities):
                continue
            for what in ("name", "digit"):
                if getattr(other, what) == getattr(option, what):
                    message = (
                        f"{_place(option)}: {what} '{getattr(option, what)}' of lever "
                        f"'{self.name}' is taken by '{other.name}' in {_place(other)}. "
                        f"Choose another."
                    )
                    raise UserError(message)
        self._options[:] = [
            other
            for other in self._options
            if (other.module, other.name) != (option.module, option.name)
        ] + [option]

    def forget_foreign(self) -> None:
        """Forget options from outside of this package; in tests they end with one."""
        ours = "rakuten_bench."
        self._options[:] = [one for one in self._options if one.module.startswith(ours)]

    def options(self, modality: Modality) -> tuple[Option, ...]:
        """Return the options for a modality, ordered by digit."""
        discover()
        found = [option for option in self._options if modality in option.modalities]
        return tuple(sorted(found, key=lambda option: DIGITS.index(option.digit)))

    def find(self, modality: Modality, name: str) -> Option:
        """Return an option by name.

        Raises
        ------
        UserError
            If there is none of that name; suggests the closest.
        """
        discover()
        for option in self._options:
            if option.name == name and modality in option.modalities:
                return option
        known = [option.name for option in self.options(modality)]
        raise UserError(unknown(self.name, name, known))

    def inner(self, name: str) -> Option:
        """Return a preparation by name; it belongs to options, not to the user."""
        discover()
        return self._inner[name]

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

    def plain(self, modality: Modality) -> Option:
        """Return the option with digit 0: off, or the plainest there is."""
        return self.by_digit(modality, "0")


def _check_inputs(option: Option) -> None:
    """Refuse a slot that no step writes, such as the labels, or a column of that kind."""
    for what, named, known in (
        ("slot", option.reads, SLOTS),
        ("column", option.columns, INPUT_COLUMNS),
    ):
        for name in named:
            if name not in known:
                message = f"{_place(option)}: {unknown(what, name, known)}"
                raise UserError(message)


def _place(option: Option) -> str:
    return inspect.getsourcefile(option.function) or option.module
