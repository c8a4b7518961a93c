"""The part of the table that options get: declared columns only, never labels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rakuten_bench.errors import UserError
from rakuten_bench.registry import Option
from rakuten_bench.types import COLUMNS, INPUT_COLUMNS, TEXT_COLUMNS, Values

if TYPE_CHECKING:
    import pandas as pd


def input_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that steps may read, without labels and `attrs`."""
    table = frame[list(INPUT_COLUMNS)].copy()
    table.attrs.clear()
    return table


def hand_over(option: Option, value: Any) -> Any:
    """Return a slot's value as an option gets it; a table without undeclared columns."""
    return value.drop(columns=list(_withheld(option))) if _is_table(value) else value


def put_back(option: Option, value: Any, slots: Values) -> Any:
    """Restore the columns of a table that an option changed but did not get."""
    if "frame" not in option.writes:
        return value
    kept = {name: slots["frame"][name] for name in _withheld(option)}
    if len(option.writes) == 1:
        return value.assign(**kept)
    return {**value, "frame": value["frame"].assign(**kept)}


@contextmanager
def explained(option: Option) -> Iterator[None]:
    """Convert an option's error about a column that it does not get to a `UserError`.

    Raises
    ------
    UserError
    """
    try:
        yield
    except (KeyError, AttributeError) as error:
        name = error.args[0] if isinstance(error, KeyError) else error.name
        hidden = {*COLUMNS} - {*INPUT_COLUMNS} | {*_withheld(option)}
        if "frame" not in option.reads or name not in hidden:
            raise
        subject = f"{option.lever.name} '{option.name}': reads the column '{name}'"
        advice = (
            f"which it does not declare. Register it with columns=('{name}',)."
            if name in INPUT_COLUMNS
            else "which options never get: a model gets labels only as `y` of its "
            "training rows."
        )
        message = f"{subject}, {advice}"
        raise UserError(message) from error


def _withheld(option: Option) -> tuple[str, ...]:
    handed = {*TEXT_COLUMNS, *option.columns}
    return tuple(name for name in INPUT_COLUMNS if name not in handed)


def _is_table(value: Any) -> bool:
    """Return whether a value is the data set's table, not features in a data frame."""
    return hasattr(value, "iloc") and {*INPUT_COLUMNS} <= {
        *getattr(value, "columns", ())
    }
