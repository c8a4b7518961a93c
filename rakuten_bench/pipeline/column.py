"""Which columns of a table a prediction reads: those that were learned from, no others."""

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
_NO_TEXTS = (list, tuple, dict, set, frozenset, bytes, bytearray, np.ndarray)
_LARGEST = 2.0**63


def prediction_steps(plan: Plan, last: str) -> list[Step]:
    """Return the steps that a prediction runs, inputs first, `last` included.

    Steps of inner folds are none of them; nor are those by which a learned step only
    chose its training rows.
    """
    return _walk(plan, last, _inputs)


def columns_read(plan: Plan, scenario: Scenario) -> frozenset[str]:
    """Return the columns of the table that predictions of a scenario depend on."""
    found: set[str] = set()
    for step in _walk(plan, plan.outputs[scenario.code][0], _telling):
        for choice in step.choices:
            option = find_option(step.modality, choice)
            found |= option.find_columns(choice.arguments)
    return frozenset(found)


def choose_columns(plan: Plan, scenario: Scenario, X: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns of a training table that predictions will read.

    Raises
    ------
    UserError
        If the table has none of those that a scenario, or a member of it, reads, or one
        of them can't be read.
    """
    read = columns_read(plan, scenario)
    refuse_cells(X, [name for name in COLUMNS if name in X.columns])
    for member in scenario.leaves:
        _refuse_strange(X, member, read)
    return tuple(name for name in COLUMNS if name in read and name in X.columns)


def _refuse_strange(X: pd.DataFrame, scenario: Scenario, read: Collection[str]) -> None:
    """Refuse a table in which a scenario finds nothing to learn from."""
    own = {"image_path"} if scenario.modality == "image" else {"title", "description"}
    wanted = [name for name in COLUMNS if name in own & {*read}]
    if wanted and not any(name in X.columns for name in wanted):
        message = (
            f"X: has no column {_listed(wanted, ' or ')}, which {scenario.code} reads. "
            f"It has: {_listed(X.columns)}. Rename yours: X.rename(columns={{...}})."
        )
        raise UserError(message)


def refuse_no_table(X: pd.DataFrame) -> None:
    """Refuse what is no data frame.

    Raises
    ------
    UserError
    """
    if not hasattr(X, "columns"):
        message = (
            f"X: a data frame is needed, with columns such as 'title', not "
            f"{type(X).__name__}. Make one: pandas.DataFrame({{'title': texts}})."
        )
        raise UserError(message)


def refuse_missing_columns(X: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a table without rows, or in which a column that is read is missing.

    Raises
    ------
    UserError
    """
    refuse_no_table(X)
    missing = [name for name in columns if name not in X.columns]
    if missing:
        message = (
            f"X: has no column {_listed(missing, ' and ')}, which the model was fitted "
            f"with. It has: {_listed(X.columns)}. Give an empty column where there is "
            f"nothing to read."
        )
        raise UserError(message)
    refuse_cells(X, columns)
    if not len(X):
        message = "X: the table has no rows; there is nothing to predict."
        raise UserError(message)


def refuse_cells(X: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a column that stands twice, or holds what is no text, number or path.

    Their `repr` would be learned from in silence.

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
            if issubclass(kind, _NO_TEXTS):
                message = (
                    f"X: column '{name}' holds {kind.__name__} {value!r:.60}, which is "
                    f"no text. Make it one, or leave the column out."
                )
                raise UserError(message)
        numbers = [value for value in X[name] if isinstance(value, float)]
        if any(math.isinf(value) or abs(value) >= _LARGEST for value in numbers):
            message = (
                f"X: column '{name}' holds infinite numbers, or such as no 64-bit "
                f"integer can hold. Make them texts, or leave the column out."
            )
            raise UserError(message)


def _walk(
    plan: Plan, last: str, inputs: Callable[[Step], Iterable[Input]]
) -> list[Step]:
    found: dict[str, Step] = {}

    def visit(key: str) -> None:
        step = plan.steps.get(key)
        if step is None or key in found:
            return
        if step.fold is not None and step.fold.is_inner:
            return
        for source in inputs(step):
            visit(source.key)
        found[key] = step

    visit(last)
    return list(found.values())


def _inputs(step: Step) -> Iterable[Input]:
    """Return what a step needs to predict: learned ones asked languages for their fit."""
    learns = find_kind(step.kind).learns
    return (one for one in step.inputs if not learns or one.slot.name != "languages")


def _telling(step: Step) -> Iterable[Input]:
    """Return the same without inputs that can't change what the step gives."""
    tags = {
        tag
        for choice in step.choices
        for tag in find_option(step.modality, choice).rules.tags
    }
    return () if ONE_LANGUAGE in tags else _inputs(step)


def _listed(names: Iterable[object], between: str = ", ") -> str:
    every = [f"'{name}'" for name in names]
    more = f" and {len(every) - _SHOWN:,} more" if len(every) > _SHOWN else ""
    return between.join(every[:_SHOWN]) + more
