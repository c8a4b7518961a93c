"""The parameters of a registered function, read from its signature."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from rakuten_bench.errors import UserError
from rakuten_bench.registry.value import Hint, convert

_EMPTY = inspect.Parameter.empty

#: What is registered.
Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a registered function.

    Attributes
    ----------
    default : Any
        Of no meaning where it is required.
    type : Hint
        The declared type.
    is_required : bool
        Whether it has no default.
    """

    name: str
    default: Any
    type: Hint
    is_required: bool = False

    def convert(self, value: object) -> Any:
        """Return the value in the declared type, lists as tuples.

        Raises
        ------
        UserError
            If the value does not fit the declared type.
        """
        problem = self.find_problem(value)
        if problem:
            message = f"parameter '{self.name}': {problem}"
            raise UserError(message)
        return convert(value, self.type)

    def find_problem(self, value: object) -> str:
        """Return why a value does not fit the declared type; "" where it does."""
        try:
            convert(value, self.type)
        except UserError as error:
            return str(error)
        return ""

    def is_default(self, value: object) -> bool:
        """Return whether a converted value is the default."""
        return not self.is_required and bool(value == self.default)


def read_parameters(
    function: Function, given: Collection[str] = ()
) -> dict[str, Parameter]:
    """Return the arguments that users set: keyword-only ones, and those with a default.

    Parameters
    ----------
    function : callable
        Its other arguments are data.
    given : collection of str
        Names of arguments that the harness fills in.
    """
    return {
        argument.name: _read(function, argument)
        for argument in inspect.signature(function).parameters.values()
        if argument.name not in given
        and (argument.default is not _EMPTY or argument.kind is argument.KEYWORD_ONLY)
    }


def _read(function: Function, argument: inspect.Parameter) -> Parameter:
    is_required = argument.default is _EMPTY
    default = None if is_required else argument.default
    hint = _annotation(function, argument.annotation)
    return Parameter(argument.name, default, hint, is_required)


def _annotation(function: Function, annotation: Hint) -> Hint:
    """Evaluate one annotation; the others may name types that are never imported."""
    if annotation is _EMPTY:
        return Any
    if not isinstance(annotation, str):
        return annotation
    module = importlib.import_module(function.__module__)
    return eval(annotation, vars(module))  # our own source, not user input
