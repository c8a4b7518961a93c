"""The columns of a table that a prediction reads: those of the training table."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rakuten_bench.errors import UserError
from rakuten_bench.levers.language import ONE_LANGUAGE
from rakuten_bench.pipeline.kind import find_kind
from rakuten_bench.plan import Input, Plan, Step
from rakuten_bench.scenario import Scenario, find_option
from rakuten_bench.types import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10  # columns listed in a message
_NON_TEXT_TYPES = (
    *(list, tuple, dict, set, frozenset, bytes, bytearray),
    *(complex, np.complexfloating, np.ndarray),
)
_LARGEST = 2.0**63


def prediction_steps(plan: Plan, last: str) -> list[Step]:
    """Return the steps that a prediction runs, inputs first, `last` included.

    Excludes steps of inner folds, and steps that only selected the training rows of a
    learned step.
    """
    return _walk(plan, last, _inputs)


def columns_read(plan: Plan, scenario: Scenario) -> frozenset[str]:
    """Return the columns of the table that predictions of a scenario depend on."""
    columns: set[str] = set()
    for step in _walk(plan, plan.outputs[scenario.code][0], _relevant_inputs):
        for choice in step.choices:
            option = find_option(step.modality, choice)
            columns |= option.find_columns(choice.arguments)
    return frozenset(columns)


def choose_columns(plan: Plan, scenario: Scenario, X: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns of a training table that predictions will read.

    Raises
    ------
    UserError
        If the table has none of the columns that the scenario, or a member of it,
        reads, or one of them can't be read.
    """
    read = columns_read(plan, scenario)
    check_cells(X, [name for name in COLUMNS if name in X.columns])
    for member in scenario.leaves:
        _check_has_input(X, member, read)
    return tuple(name for name in COLUMNS if name in read and name in X.columns)


def _check_has_input(
    X: pd.DataFrame, scenario: Scenario, read: Collection[str]
) -> None:
    """Check that a table has a column that the scenario can learn from."""
    usable = (
        {"image_path"} if scenario.modality == "image" else {"title", "description"}
    )
    inputs = [name for name in COLUMNS if name in usable & {*read}]
    if inputs and not any(name in X.columns for name in inputs):
        message = (
            f"X: has no column {_listed(inputs, ' or ')}, which {scenario.code} reads. "
            f"It has: {_listed(X.columns)}. Rename yours: X.rename(columns={{...}})."
        )
        raise UserError(message)


def check_columns(X: pd.DataFrame, columns: Sequence[str]) -> None:
    """Check that a table has rows, and all columns that the model reads.

    Raises
    ------
    UserError
    """
    missing = [name for name in columns if name not in X.columns]
    if missing:
        message = (
            f"X: has no column {_listed(missing, ' and ')}, which the model was fitted "
            f"with. It has: {_listed(X.columns)}. Add an empty column if there are no "
            f"values."
        )
        raise UserError(message)
    check_cells(X, columns)
    if not len(X):
        message = "X: has no rows to predict."
        raise UserError(message)


def check_cells(X: pd.DataFrame, columns: Sequence[str]) -> None:
    """Check that columns are unique and contain texts, numbers or paths only.

    The `repr` of other values would silently become part of the features.

    Raises
    ------
    UserError
    """
    for name in columns:
        if list(X.columns).count(name) > 1:
            message = f"X: has the column '{name}' more than once. Rename the others."
            raise UserError(message)
        kinds = {type(value): value for value in X[name]}
        for kind, value in kinds.items():
            if issubclass(kind, _NON_TEXT_TYPES):
                message = (
                    f"X: column '{name}' contains {kind.__name__} {value!r:.60}, which "
                    f"is not a text. Convert it, or remove the column."
                )
                raise UserError(message)
        numbers = [value for value in X[name] if isinstance(value, float)]
        if any(math.isinf(value) or abs(value) >= _LARGEST for value in numbers):
            message = (
                f"X: column '{name}' contains infinite numbers, or numbers outside the "
                f"range of 64-bit integers. Convert them to texts, or remove the column."
            )
            raise UserError(message)


def _walk(
    plan: Plan, last: str, inputs: Callable[[Step], Iterable[Input]]
) -> list[Step]:
    ordered: dict[str, Step] = {}

    def visit(key: str) -> None:
        step = plan.steps.get(key)
        if step is None or key in ordered:
            return
        if step.fold is not None and step.fold.is_inner:
            return
        for source in inputs(step):
            visit(source.key)
        ordered[key] = step

    visit(last)
    return list(ordered.values())


def _inputs(step: Step) -> Iterable[Input]:
    """Return the inputs that a step needs to predict.

    Learned steps read languages only to fit.
    """
    learns = find_kind(step.kind).learns
    return (
        source
        for source in step.inputs
        if not learns or source.slot.name != "languages"
    )


def _relevant_inputs(step: Step) -> Iterable[Input]:
    """Return `_inputs` without those that can't change the step's value."""
    tags = {
        tag
        for choice in step.choices
        for tag in find_option(step.modality, choice).rules.tags
    }
    return () if ONE_LANGUAGE in tags else _inputs(step)


def _listed(names: Iterable[object], separator: str = ", ") -> str:
    quoted = [f"'{name}'" for name in names]
    more = f" and {len(quoted) - _SHOWN:,} more" if len(quoted) > _SHOWN else ""
    return separator.join(quoted[:_SHOWN]) + more
